//! Digests that libraries put into the names they derive.

use std::fmt::Write as _;

use md5::{Digest as _, Md5};

/// The first `length` hex digits of the MD5 of the parts.
pub(super) fn md5(parts: &[&str], length: usize) -> String {
    let mut hex = String::new();
    for byte in Md5::digest(parts.concat()) {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex.truncate(length);
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn md5_is_that_of_the_rfc() {
        assert_eq!(md5(&["abc"], 32), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(md5(&[""], 32), "d41d8cd98f00b204e9800998ecf8427e");
        let long = "12345678901234567890123456789012345678901234567890123456789012345678901234567890";
        assert_eq!(md5(&[long], 32), "57edf4a22be3c955ac49da2e2107b67a");
    }
}
