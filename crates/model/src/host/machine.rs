//! The machine that every simulated host is: a common two-socket server. Its maker and its network ports depend on the
//! profile of the hosts, its size and processors do not.

/// Sockets.
pub(crate) const PACKAGES: i16 = 2;
/// Cores of one socket.
pub(crate) const CORES_PER_PACKAGE: i16 = 16;
/// Threads of one core.
pub(crate) const THREADS_PER_CORE: i16 = 2;
/// Clock of a core in Hz.
pub(crate) const HZ: i64 = 2_900_000_000;
/// Memory in bytes: 512 GiB.
pub(crate) const MEMORY: i64 = 512 << 30;

/// The processor.
pub(crate) const CPU_MODEL: &str = "Intel(R) Xeon(R) Gold 6326 CPU @ 2.90GHz";

/// Cores of the machine.
pub(crate) const CORES: i16 = PACKAGES * CORES_PER_PACKAGE;
/// Threads of the machine.
pub(crate) const THREADS: i16 = CORES * THREADS_PER_CORE;
/// Clock of a core in MHz.
pub(crate) const MHZ: i32 = (HZ / 1_000_000) as i32;
