//! What our tools read of people's files.

use xtask::vectors::{Report, VectorFile};

use crate::Verdict;

/// A vector file: read, and all its cases run.
pub fn vectors(data: &[u8]) -> Verdict {
    let read = VectorFile::parse(data).ok();
    if let Some(file) = &read {
        let mut report = Report::default();
        report.add(file);
        let total = report.total();
        assert_eq!(
            total.passed + total.failed + total.unsupported,
            file.cases.len()
        );
        assert_eq!(total.failed == 0, report.failures.is_empty());
    }
    Verdict::of(&read)
}
