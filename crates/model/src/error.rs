//! Why a world cannot be built.

/// Settings that contradict each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// Virtual machines need a host to run on.
    #[error("cluster {cluster} is to run virtual machines but has no host: ask for hosts, or for no virtual machines")]
    NoHost {
        /// The cluster.
        cluster: String,
    },
    /// Virtual machines need a datastore to lie on.
    #[error("virtual machines need a datastore: ask for datastores, or for no virtual machines")]
    NoDatastore,
    /// More than a world can hold.
    #[error("these settings make {asked} {what}; {most} is the most")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many the settings ask for.
        asked: u64,
        /// How many there may be.
        most: u64,
    },
}
