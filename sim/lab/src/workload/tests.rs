use super::*;
use crate::scenario::{TraceText, units::Bytes};

fn read(text: &str) -> Result<(u32, Times), String> {
    let text = TraceText {
        name: "t.txt".into(),
        text: text.into(),
    };
    trace::read(&text, Span::from_s(100)).map_err(|e| e.to_string())
}

#[test]
fn a_trace_maps_onto_its_span_and_numbers_people_by_appearance() {
    let (people, times) = read("7 9 1000\n9 7 1500\r\n5 7 2000").unwrap();
    assert_eq!(people, 3);
    let expected = [
        (Span(0), 0, 1),
        (Span::from_s(50), 1, 0),
        (Span::from_s(100), 2, 0),
    ];
    assert_eq!(times, expected);
}

#[test]
fn malformed_lines_are_named() {
    for (text, message) in [
        ("1 2 3\n1 2\n", "line 2 is not"),
        ("1 2 3 4\n", "line 1 is not"),
        ("1 2 x\n", "line 1 is not"),
        ("1  2 3\n", "line 1 is not"),
        ("\n", "line 1 is not"),
        ("1 2 -3\n", "line 1 is not"),
        ("1 2 5\n1 2 4\n", "line 2 goes back"),
        ("", "empty"),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.contains(message), "{text:?}: {error}");
    }
}

#[test]
fn one_moment_is_a_trace_too() {
    assert_eq!(
        read("1 2 5\n2 1 5\n").unwrap().1,
        [(Span(0), 0, 1), (Span(0), 1, 0)]
    );
}

#[test]
fn texts_carry_their_number_and_length() {
    let send = Send {
        at: Span(0),
        from: 0,
        to: 1,
        text_len: 40,
    };
    let plan = Plan {
        clients: 2,
        sends: vec![send; 3],
    };
    let text = plan.text(2).unwrap();
    assert_eq!(text.len(), 40);
    assert_eq!(Plan::number_of(&text), Some(2));
    assert_eq!(plan.text(3), None);
    assert_eq!(Plan::number_of("hello"), None);
}

#[test]
fn log_normal_sizes_have_their_median_and_their_cap() {
    let model = SizeModel::LogNormal {
        median: Bytes(60),
        sigma: 1.0,
        max: Bytes(500),
    };
    let mut stream = Seed::from_u64(1).stream();
    let mut sizes: Vec<u32> = (0..20_001).map(|_| draw_size(model, &mut stream)).collect();
    sizes.sort_unstable();
    let median = sizes[10_000];
    assert!((58..=62).contains(&median), "{median}");
    assert_eq!(sizes.last(), Some(&500));
}

#[test]
fn the_number_of_poisson_points_is_given_and_their_times_are_uniform() {
    let contacts = graph::Contacts::Everyone(10);
    let times = draw(8_000, Span::from_s(80), 10, &contacts, &Seed::from_u64(4));
    assert_eq!(times.len(), 8_000);
    assert!(times.is_sorted_by_key(|t| t.0));
    for second in 0..8 {
        let (a, b) = (Span::from_s(second * 10), Span::from_s(second * 10 + 10));
        let n = times.iter().filter(|t| a <= t.0 && t.0 < b).count();
        // Binomial(8000, 1/8): sd 29.6.
        assert!(n.abs_diff(1_000) < 180, "{n}");
    }
}
