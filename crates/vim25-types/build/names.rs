//! Wire names into Rust names.

const KEYWORDS: [&str; 20] = [
    "type", "ref", "match", "move", "virtual", "abstract", "override", "final", "box", "do", "macro", "priv", "self",
    "static", "use", "where", "loop", "in", "as", "base",
];

/// `numCPUs` -> `num_cpus`, `vmDirectPathGen2Active` -> `vm_direct_path_gen2_active`, `type` -> `type_`.
pub fn snake(wire: &str) -> String {
    let chars: Vec<char> = wire.chars().collect();
    let mut out = String::new();
    for (i, &c) in chars.iter().enumerate() {
        if c.is_ascii_uppercase() && i > 0 && starts_word(&chars, i) {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    if KEYWORDS.contains(&out.as_str()) {
        out.push('_');
    }
    out
}

/// An upper-case letter starts a word after a lower-case letter or digit, or as the last capital before a word in
/// lower case. A plural `s` belongs to the acronym before it.
fn starts_word(chars: &[char], i: usize) -> bool {
    let before = chars[i - 1];
    if before == '_' {
        return false;
    }
    if !before.is_ascii_uppercase() {
        return true;
    }
    let next = chars.get(i + 1);
    let plural = next == Some(&'s') && chars.get(i + 2).is_none_or(|c| c.is_ascii_uppercase());
    next.is_some_and(|c| c.is_ascii_lowercase()) && !plural
}

/// `poweredOn` -> `PoweredOn`, `invalid_request` -> `InvalidRequest`.
pub fn variant(wire: &str) -> String {
    let mut out = String::new();
    let mut upper = true;
    for c in wire.chars() {
        if !c.is_ascii_alphanumeric() {
            upper = true;
            continue;
        }
        if out.is_empty() && c.is_ascii_digit() {
            out.push('_');
        }
        out.push(if upper { c.to_ascii_uppercase() } else { c });
        upper = false;
    }
    match out.as_str() {
        "Self" | "Other_" => out + "_",
        _ => out,
    }
}

/// The Rust name of a type: as on the wire, with a capital first letter.
pub fn type_name(wire: &str) -> String {
    let mut chars = wire.chars();
    let first = chars.next().expect("a name").to_ascii_uppercase();
    std::iter::once(first).chain(chars).collect()
}
