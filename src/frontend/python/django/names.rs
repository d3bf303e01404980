//! Names that Django derives: indexes, constraints, many-to-many tables; and those that the server derives where
//! Django writes none.

use std::fmt::Write as _;

/// Longest identifier of PostgreSQL, in bytes; Django counts characters and takes the same number.
const MAX_NAME: usize = 63;

/// `_create_index_name` of Django's schema editor: table, columns and a digest of both, shortened to fit.
pub(super) fn index_name(table: &str, columns: &[&str], suffix: &str, limit: Option<usize>) -> String {
    let table = own_name(table);
    let mut all = vec![table];
    all.extend(columns);
    let mut hash = format!("{}{suffix}", digest(&all, 8));
    let limit = limit.unwrap_or(200);
    let columns = columns.join("_");
    let name = format!("{table}_{columns}_{hash}");
    if name.chars().count() <= limit {
        return name;
    }
    if hash.chars().count() > limit / 3 {
        hash = cut(&hash, limit / 3);
    }
    let other = (limit - hash.chars().count()) / 2 - 1;
    let name = format!("{}_{}_{hash}", cut(table, other), cut(&columns, other));
    if name.starts_with(|c: char| c == '_' || c.is_ascii_digit()) {
        let kept = name.chars().count().saturating_sub(1);
        return format!("D{}", cut(&name, kept));
    }
    name
}

/// `Index.set_name_with_model`: 11 characters of the table, 7 of the first column, a digest of 6.
pub(super) fn meta_index_name(table: &str, columns: &[(String, bool)], suffix: &str) -> String {
    let table = own_name(table);
    let first = columns.first().map_or("", |(column, _)| column.as_str());
    let mut parts = vec![table.to_owned()];
    parts.extend(
        columns.iter().map(|(column, descending)| if *descending { format!("-{column}") } else { column.clone() }),
    );
    parts.push(suffix.to_owned());
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let name = format!("{}_{}_{}_{suffix}", cut(table, 11), cut(first, 7), digest(&parts, 6));
    if name.starts_with(|c: char| c == '_' || c.is_ascii_digit()) {
        format!("D{}", name.get(1..).unwrap_or_default())
    } else {
        name
    }
}

/// `truncate_name` of Django, for the names of tables.
pub(super) fn truncated(name: &str, limit: usize) -> String {
    let plain = name.trim_matches('"');
    if plain.chars().count() <= limit {
        return name.to_owned();
    }
    format!("{}{}", cut(plain, limit - 4), digest(&[plain], 4))
}

/// The name that PostgreSQL gives a constraint without one (`makeObjectName` of the server): the longer of the two
/// parts is shortened first.
pub(super) fn server_name(table: &str, column: &str, label: &str) -> String {
    let (mut first, mut second) = (own_name(table).to_owned(), column.to_owned());
    let overhead = 1 + label.len() + usize::from(!second.is_empty());
    while first.len() + second.len() + overhead > MAX_NAME {
        let longer = if first.len() > second.len() { &mut first } else { &mut second };
        if longer.pop().is_none() {
            break;
        }
    }
    if second.is_empty() { format!("{first}_{label}") } else { format!("{first}_{second}_{label}") }
}

/// The name without its schema: Django takes `"schema"."table"` as a name in quotes.
fn own_name(table: &str) -> &str {
    match table.split_once("\".\"") {
        Some((_, own)) => own.trim_matches('"'),
        None => table.trim_matches('"'),
    }
}

/// A name in double quotes, unless it is in quotes already.
pub(super) fn quoted(name: &str) -> String {
    if name.starts_with('"') && name.ends_with('"') && name.len() > 1 { name.to_owned() } else { format!("\"{name}\"") }
}

fn cut(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}

/// `names_digest`: the first `length` hex digits of the MD5 of the parts.
fn digest(parts: &[&str], length: usize) -> String {
    let mut hex = String::new();
    for byte in md5(parts.concat().as_bytes()) {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex.truncate(length);
    hex
}

/// MD5 (RFC 1321). Django derives names with it, nothing else here does.
fn md5(input: &[u8]) -> [u8; 16] {
    const SHIFTS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];
    let mut state: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    let mut message = input.to_vec();
    message.push(0x80);
    while message.len() % 64 != 56 {
        message.push(0);
    }
    message.extend((input.len() as u64).wrapping_mul(8).to_le_bytes());
    for chunk in message.chunks_exact(64) {
        let mut words = [0_u32; 16];
        for (word, bytes) in words.iter_mut().zip(chunk.chunks_exact(4)) {
            *word = bytes.iter().rev().fold(0, |all, byte| (all << 8) | u32::from(*byte));
        }
        let [mut a, mut b, mut c, mut d] = state;
        for round in 0..64_u32 {
            let (mix, at) = match round / 16 {
                0 => ((b & c) | (!b & d), round),
                1 => ((d & b) | (!d & c), 5 * round + 1),
                2 => (b ^ c ^ d, 3 * round + 5),
                _ => (c ^ (b | !d), 7 * round),
            };
            // floor(2³² · |sin(round + 1)|), as the RFC defines its table; it is within u32.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let constant = (f64::from(round + 1).sin().abs() * 4_294_967_296.0) as u32;
            let word = words.get((at % 16) as usize).copied().unwrap_or_default();
            let shift = SHIFTS.get((round / 16) as usize).and_then(|row| row.get((round % 4) as usize));
            let sum = a.wrapping_add(mix).wrapping_add(constant).wrapping_add(word);
            (a, d, c, b) = (d, c, b, b.wrapping_add(sum.rotate_left(shift.copied().unwrap_or_default())));
        }
        for (old, new) in state.iter_mut().zip([a, b, c, d]) {
            *old = old.wrapping_add(new);
        }
    }
    let mut out = [0; 16];
    for (slot, byte) in out.iter_mut().zip(state.iter().flat_map(|word| word.to_le_bytes())) {
        *slot = byte;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn md5_is_that_of_the_rfc() {
        assert_eq!(digest(&["abc"], 32), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(digest(&[""], 32), "d41d8cd98f00b204e9800998ecf8427e");
        let long = "12345678901234567890123456789012345678901234567890123456789012345678901234567890";
        assert_eq!(digest(&[long], 32), "57edf4a22be3c955ac49da2e2107b67a");
    }
}
