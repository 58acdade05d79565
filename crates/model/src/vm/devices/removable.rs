//! CD and floppy drives.

use std::sync::LazyLock;

use vim25::{
    DataType, Obj,
    types::{VirtualCdromRemotePassthroughBackingInfo, VirtualDeviceBackingInfo},
};

static CLIENT_CD: LazyLock<Obj<VirtualDeviceBackingInfo>> =
    LazyLock::new(|| VirtualCdromRemotePassthroughBackingInfo::with(|b| b.use_auto_detect = Some(false)).into());

/// The backing of a CD drive that a client may put a disc into.
pub fn client_cd_backing() -> Obj<VirtualDeviceBackingInfo> {
    CLIENT_CD.clone()
}
