//! Defaults of every field: the deployed system's values where it has one (network spec 3.7, 3.8).

use super::{
    Cipher, Clients, CostTable, Crypto, CryptoMode, Expect, Format, Graph, Hosts, Jitter, Latency,
    Network, Onion, SCENARIO_VERSION, Scenario, SizeModel, Swarms, Workload,
    units::{BitRate, Bytes, Share, Span},
};

impl Default for Scenario {
    fn default() -> Self {
        Self {
            extends: None,
            version: SCENARIO_VERSION,
            purpose: String::new(),
            seed: 1,
            duration: Span::from_s(300),
            network: Network::default(),
            hosts: Hosts::default(),
            clients: Clients::default(),
            onion: Onion::default(),
            crypto: Crypto::default(),
            workload: Workload::default(),
            expect: Expect::default(),
        }
    }
}

impl Default for Network {
    fn default() -> Self {
        Self {
            nodes: 100,
            swarms: Swarms::Deployed {},
            shared_slash24: Share::constant(0.10),
            latency: Latency::Regions {},
            jitter: Jitter::Exponential(Span::from_ms(2)),
            loss: Share::constant(0.0),
            duplication: Share::constant(0.0),
        }
    }
}

impl Default for Hosts {
    fn default() -> Self {
        Self {
            node_bandwidth: BitRate(100_000_000),
            client_bandwidth: BitRate(20_000_000),
            node_clock_offset: Span::from_ms(50),
            client_clock_offset: Span::from_s(2),
            drift_ppm: 50,
            inbox: 1_000,
            uplink_queue: Bytes(16 * 1024 * 1024),
            disk_latency: Span::from_ms(2),
            cost: CostTable::default(),
        }
    }
}

impl Default for CostTable {
    fn default() -> Self {
        Self {
            dh_public_ns: 7_350,
            dh_ns: 24_400,
            sign_ns: 8_700,
            verify_ns: 34_900,
            aead_ns: 330,
            aead_kib_ns: 380,
            message_ns: 5_000,
            message_kib_ns: 200,
        }
    }
}

impl Default for Clients {
    fn default() -> Self {
        Self {
            count: 50,
            poll: Span::from_s(5),
            poll_members: 2,
            send_attempts: 3,
            request_timeout: Span::from_s(10),
            graph: Graph::Everyone {},
        }
    }
}

impl Default for Onion {
    fn default() -> Self {
        Self {
            format: Format::SessionV4,
            cipher: Cipher::Xchacha20,
            hops: 3,
            guards: 2,
            rotation: Span::from_s(600),
            one_per_slash24: true,
            guards_outside_own_swarm: false,
        }
    }
}

impl Default for Crypto {
    fn default() -> Self {
        Self {
            mode: CryptoMode::Real,
        }
    }
}

impl Default for Workload {
    fn default() -> Self {
        Self {
            poisson: None,
            trace: None,
            size: SizeModel::LogNormal {
                median: Bytes(60),
                sigma: 1.0,
                max: Bytes(2_000),
            },
            oversize: Share::constant(0.0),
        }
    }
}

impl Default for Expect {
    fn default() -> Self {
        Self {
            delivered: Share::constant(1.0),
            duplicated: 0,
            late_after: Span::from_s(30),
            late: 0,
        }
    }
}
