use leek_crypto::pure;
use leek_identity::{
    AccountId, AccountSeed, Name, Namespace, NodeId, Prefix, message_hash as hash, phrase,
};

use super::Seeds;

fn key() -> [u8; 32] {
    std::array::from_fn(|at| u8::try_from(at * 7 + 1).unwrap_or(0))
}

pub(super) fn account_id(seeds: &mut Seeds) {
    for prefix in [
        Prefix::User,
        Prefix::Group,
        Prefix::Blinded15,
        Prefix::Blinded25,
    ] {
        let hex = AccountId::new(prefix, key()).to_hex();
        seeds.valid(&format!("{:02x}", prefix.byte()), &hex);
    }
    let hex = AccountId::new(Prefix::User, key()).to_hex();
    seeds.valid("upper-case", hex.to_uppercase());
    seeds.cuts("user", hex.as_bytes());
    seeds.bad("prefix", hex.replacen("05", "06", 1));
    seeds.bad("digit", hex.replacen("05", "0g", 1));
    seeds.bad("long", format!("{hex}00"));
    seeds.bad("blank", format!(" {hex}"));
    seeds.bad("not-ascii", hex.replacen("05", "é", 1));
    seeds.bad("not-utf8", [&b"\xff"[..], hex.as_bytes()].concat());
}

pub(super) fn node_id(seeds: &mut Seeds) {
    let hex = NodeId::from_bytes(key()).to_hex();
    seeds.valid("lower-case", &hex);
    seeds.valid("upper-case", hex.to_uppercase());
    seeds.cuts("node", hex.as_bytes());
    seeds.bad("long", format!("{hex}0"));
    seeds.bad("digit", hex.replacen('0', "x", 1));
    seeds.bad("prefixed", format!("0x{hex}"));
}

pub(super) fn message_hash(seeds: &mut Seeds) {
    let account = AccountId::new(Prefix::User, key());
    let text = hash(&account, Namespace::DEFAULT, b"message").to_string();
    seeds.valid("message", &text);
    seeds.cuts("message", text.as_bytes());
    seeds.bad("padded", format!("{text}="));
    let (front, _) = text.split_at(text.len() - 1);
    seeds.bad("trailing-bits", format!("{front}9"));
    seeds.bad("alphabet", format!("-{}", text.split_at(1).1));
}

pub(super) fn recovery_phrase(seeds: &mut Seeds) {
    let short = phrase::encode(&AccountSeed::short(&[7; 16]));
    let long = phrase::encode(&AccountSeed::long(&key()));
    let short = short.dangerously_expose();
    seeds.valid("13-words", short);
    seeds.valid("25-words", long.dangerously_expose());
    let prefixes: Vec<_> = short.split(' ').filter_map(|word| word.get(..3)).collect();
    seeds.valid("prefixes", prefixes.join(" "));
    seeds.valid(
        "upper-case-and-blanks",
        format!("  {}\n", short.to_uppercase().replace(' ', "\t")),
    );
    seeds.bad("empty", []);
    seeds.bad(
        "12-words",
        short.rsplit_once(' ').map_or("", |(front, _)| front),
    );
    seeds.bad(
        "unknown-word",
        short.replacen(short.split(' ').next().unwrap_or(""), "zzz", 1),
    );
    seeds.bad(
        "overflow",
        format!("{} abbey", ["abbey abbey zoom"; 4].join(" ")),
    );
    seeds.bad("checksum", format!("{} zoom", ["abbey"; 12].join(" ")));
    seeds.bad("short-word", "ab ".repeat(13));
    // U+212A, which folds to an ASCII letter.
    seeds.bad(
        "kelvin-sign",
        short.replace('k', "\u{212a}").replacen("a", "\u{212a}", 1),
    );
}

pub(super) fn name_value(seeds: &mut Seeds) {
    let account = AccountId::new(Prefix::User, key());
    let suite = pure().suite();
    let Ok(name) = Name::parse("Some-Name_1") else {
        return;
    };
    let value = name.seal(&account, &*suite, [3; 24]);
    let (ciphertext, nonce) = (value.ciphertext_hex(), value.nonce_hex());
    let text = format!("Some-Name_1\n{ciphertext}\n{nonce}");
    seeds.valid("name", &text);
    seeds.valid("other-case", text.replacen("Some", "sOME", 1));
    seeds.cuts("name", text.as_bytes());
    seeds.bad("other-name", text.replacen("Some", "Same", 1));
    seeds.bad("hyphen", text.replacen("Some", "-ome", 1));
    seeds.bad("swapped", format!("Some-Name_1\n{nonce}\n{ciphertext}"));
    seeds.bad(
        "long-name",
        format!("{}\n{ciphertext}\n{nonce}", "n".repeat(65)),
    );
    seeds.bad("not-ascii", text.replacen("Some", "Söme", 1));
}
