use serde::{Deserialize, Serialize};

use super::error::{FILE_NAME, LoadError};

/// The most rows that may be computed at once: each instance has buffers for as many.
const MOST_ROWS: usize = 1024;

/// Rows of a signature that one run of the model computes, as the job measured them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// 1 where a row at a time takes least time, or where rows cannot be computed together.
    pub rows: usize,
    /// Fewest rows for which one run takes less time than a run for each, though it computes `rows` of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least: Option<usize>,
    /// Reason why a row is computed at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Batch {
    /// Checks what model.json says of a signature.
    pub(super) fn check(&self, signature: &str, batched: bool) -> Result<(), LoadError> {
        let least = self.least.unwrap_or(self.rows);
        if (1..=MOST_ROWS).contains(&self.rows) && (1..=self.rows).contains(&least) && (batched || self.rows == 1) {
            return Ok(());
        }
        Err(LoadError::Invalid(format!(
            "{FILE_NAME}: signature '{signature}' cannot compute {} rows at once, from {least} on; allowed are 1 to {MOST_ROWS} \
             where it is batched, from as many on at most",
            self.rows
        )))
    }

    /// Returns how many of so many rows the next run computes.
    #[must_use]
    pub fn next(&self, left: usize) -> usize {
        if left < self.least.unwrap_or(self.rows) { 1 } else { left.min(self.rows) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(rows: usize, least: Option<usize>) -> Batch {
        Batch { rows, least, reason: None }
    }

    #[test]
    fn few_rows_are_computed_one_by_one() {
        let runs = |batch: &Batch, rows: usize| {
            let mut left = rows;
            std::iter::from_fn(|| {
                let next = (left > 0).then(|| batch.next(left))?;
                left -= next;
                Some(next)
            })
            .collect::<Vec<_>>()
        };
        assert_eq!(runs(&batch(8, Some(3)), 21), [8, 8, 5]);
        assert_eq!(runs(&batch(8, Some(3)), 10), [8, 1, 1]);
        assert_eq!(runs(&batch(4, None), 6), [4, 1, 1]);
        assert_eq!(runs(&batch(1, None), 3), [1, 1, 1]);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (rows, least, batched, is_right) in [
            (1, None, false, true),
            (32, Some(5), true, true),
            (MOST_ROWS, None, true, true),
            (32, Some(5), false, false),
            (0, None, true, false),
            (MOST_ROWS + 1, None, true, false),
            (4, Some(5), true, false),
            (4, Some(0), true, false),
        ] {
            assert_eq!(batch(rows, least).check("s", batched).is_ok(), is_right, "{rows} {least:?} {batched}");
        }
    }
}
