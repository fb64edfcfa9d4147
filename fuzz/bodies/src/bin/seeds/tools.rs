use super::Seeds;

/// A case of each area that can be written in a line.
const CASES: [(&str, &str, &str); 6] = [
    (
        "hash_blake2b",
        r#"{"size":16,"msg":""}"#,
        r#"{"hash":"cae66941d9efbd404e4d88758ea67670"}"#,
    ),
    (
        "swarm_map",
        r#"{"account_id":"05fcbb0163518ddecd87837a04e6a1d82b1dd1ce6ff595767fe2dcc1b705ff027e","swarm_ids":["66080f174c96d8e2","5cbd0ba3a1a6bcde"]}"#,
        r#"{"swarm_space":"843574bf474672e7","swarm_id":"66080f174c96d8e2"}"#,
    ),
    (
        "mnemonic",
        r#"{"seed":"00000000000000000000000000000000"}"#,
        r#"{"phrase":"abbey abbey"}"#,
    ),
    (
        "onion_hop",
        r#"{"enc_type":"xchacha20","client_x_sk":"00","server_x_sk":"","msg":"","nonce":null}"#,
        r#"{"library_ciphertext":""}"#,
    ),
    (
        "onion_request",
        r#"{"enc_type":"aes-gcm","hops":[{}],"destination":{"server":{}},"payload":""}"#,
        r#"{"guard_blob":"00000000"}"#,
    ),
    ("alchemy", "{}", r#"{"gold":[]}"#),
];

pub(super) fn vectors(seeds: &mut Seeds) {
    let mut all = Vec::new();
    for (area, inputs, outputs) in CASES {
        let case =
            format!(r#"{{"area":"{area}","name":"a","inputs":{inputs},"outputs":{outputs}}}"#);
        seeds.valid(area, file(&case));
        all.push(case);
    }
    let all = file(&all.join(","));
    seeds.valid("all", &all);
    seeds.cuts("all", all.as_bytes());
    seeds.bad("format", all.replacen("vectors-1", "vectors-2", 1));
    seeds.bad(
        "no-outputs",
        all.replacen(r#""outputs""#, r#""results""#, 1),
    );
    seeds.bad("no-cases", file(""));
    seeds.bad("deep", "[".repeat(1000));
}

fn file(cases: &str) -> String {
    format!(r#"{{"format":"vectors-1","cases":[{cases}]}}"#)
}
