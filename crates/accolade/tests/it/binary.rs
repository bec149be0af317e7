//! The binary that is tested.

use std::ffi::OsString;

/// That of the tests' own build, or the one that `ACCOLADE_TEST_BINARY` names.
pub(crate) fn binary() -> OsString {
    let built = || env!("CARGO_BIN_EXE_accolade").into();
    std::env::var_os("ACCOLADE_TEST_BINARY").unwrap_or_else(built)
}
