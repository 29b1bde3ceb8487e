/// Most bytes of a record: Firehose's limit.
const LARGEST_RECORD: usize = 1000 << 10;
/// Most records of a batch: together they stay below the 4 MiB of a call.
const MOST_RECORDS: usize = 4;

/// Lines that travel together.
///
/// Firehose takes 500 records in a call, but counts at least 5 KB for each: one with many lines costs less.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    pub data: Vec<u8>,
    /// Number of its lines.
    pub lines: u64,
}

/// Records that are sent by one call.
#[derive(Debug, Default)]
pub(super) struct Batch(Vec<Record>);

impl Batch {
    /// Adds a line. Gives it back where the batch is full.
    pub(super) fn add(&mut self, line: Vec<u8>) -> Result<(), Vec<u8>> {
        let records = self.0.len();
        match self.0.last_mut() {
            Some(last) if last.data.len() + line.len() <= LARGEST_RECORD => {
                last.data.extend_from_slice(&line);
                last.lines += 1;
            }
            _ if records == MOST_RECORDS => return Err(line),
            _ => self.0.push(Record { data: line, lines: 1 }),
        }
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the records, and is empty then.
    pub(super) fn take(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.0)
    }
}

/// The number of lines of all records.
pub(super) fn lines(records: &[Record]) -> u64 {
    records.iter().map(|record| record.lines).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::captured_request::LARGEST_LINE;

    #[test]
    fn lines_share_a_record_in_their_order() {
        let mut batch = Batch::default();
        for line in ["1\n", "2\n", "3\n"] {
            batch.add(line.into()).unwrap();
        }
        assert_eq!(batch.take(), [Record { data: b"1\n2\n3\n".to_vec(), lines: 3 }]);
        assert!(batch.is_empty());
    }

    #[test]
    fn a_full_batch_stays_below_the_limits_of_firehose() {
        let mut batch = Batch::default();
        let mut added = 0;
        while batch.add(vec![b'x'; LARGEST_LINE]).is_ok() {
            added += 1;
        }
        let records = batch.take();
        assert_eq!((added, lines(&records)), (20, 20));
        assert!(records.iter().all(|record| record.data.len() <= 1_024_000));
        assert!(records.iter().map(|record| record.data.len()).sum::<usize>() <= 4 << 20);
    }
}
