//! The committed facts of the API are complete and are what the script makes of the pinned package.

use crate::run::run;
use crate::{clients, workspace};
use anyhow::Result;
use std::process::Command;

/// Run `schema/test_extract.py`.
pub fn check() -> Result<()> {
    let mut pytest = Command::new(clients::python()?);
    pytest.args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "schema/test_extract.py"]);
    run(pytest.env("PYTHONDONTWRITEBYTECODE", "1").current_dir(workspace::root()))
}
