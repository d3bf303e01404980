//! `sarif`: the Static Analysis Results Interchange Format, version 2.1.0, of OASIS.
//!
//! Only what is emitted is modelled; sections (§) are those of the specification. Two choices are for GitHub code
//! scanning: the primary region is at most one line, because an alert is shown in a pull request only where all its
//! lines are in the diff (the whole statement is the `contextRegion`), and what is suppressed is left out unless asked
//! for, because GitHub opens alerts for it.

mod convert;
mod model;

use super::Options;
use crate::engine::Outcome;

/// Renders one SARIF log with one run.
pub(super) fn render(outcome: &Outcome, options: &Options) -> String {
    super::text::json(&convert::log(outcome, options))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_log() {
        let mut outcome = sample::outcome();
        outcome.rules.truncate(2);
        outcome.diagnostics.retain(|diagnostic| diagnostic.fix.is_some());
        let text = render(&outcome, &Options { exit_code: 1, ..Options::default() });
        insta::assert_snapshot!(text.replace(env!("CARGO_PKG_VERSION"), "[version]"), @r##"
        {
          "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
          "version": "2.1.0",
          "runs": [
            {
              "tool": {
                "driver": {
                  "name": "ddlint",
                  "version": "[version]",
                  "semanticVersion": "[version]",
                  "rules": [
                    {
                      "id": "backfill-in-migration",
                      "shortDescription": {
                        "text": "Rows changed in a migration."
                      },
                      "fullDescription": {
                        "text": "Rows changed in a migration is what this rule is about."
                      },
                      "helpUri": "https://example.org/rules/backfill-in-migration",
                      "help": {
                        "text": "See https://example.org/rules/backfill-in-migration or `ddlint rule backfill-in-migration`.",
                        "markdown": "# Rows changed in a migration\n\nRows changed in a migration is what this rule is about.\n\n## Why\n\nBecause it blocks writes.\n"
                      },
                      "defaultConfiguration": {
                        "enabled": true,
                        "level": "error"
                      },
                      "properties": {
                        "precision": "high",
                        "problem.severity": "error",
                        "tags": [
                          "database",
                          "migrations",
                          "data"
                        ]
                      }
                    },
                    {
                      "id": "index-not-concurrent",
                      "shortDescription": {
                        "text": "Index built without CONCURRENTLY."
                      },
                      "fullDescription": {
                        "text": "Index built without CONCURRENTLY is what this rule is about."
                      },
                      "helpUri": "https://example.org/rules/index-not-concurrent",
                      "help": {
                        "text": "See https://example.org/rules/index-not-concurrent or `ddlint rule index-not-concurrent`.",
                        "markdown": "# Index built without CONCURRENTLY\n\nIndex built without CONCURRENTLY is what this rule is about.\n\n## Why\n\nBecause it blocks writes.\n"
                      },
                      "defaultConfiguration": {
                        "enabled": true,
                        "level": "error"
                      },
                      "properties": {
                        "precision": "high",
                        "problem.severity": "error",
                        "tags": [
                          "database",
                          "migrations",
                          "locking"
                        ]
                      }
                    }
                  ]
                }
              },
              "invocations": [
                {
                  "executionSuccessful": true,
                  "exitCode": 1
                }
              ],
              "automationDetails": {
                "id": "ddlint/"
              },
              "originalUriBaseIds": {
                "SRCROOT": {
                  "description": {
                    "text": "The root of the project."
                  }
                }
              },
              "columnKind": "utf16CodeUnits",
              "results": [
                {
                  "ruleId": "index-not-concurrent",
                  "ruleIndex": 1,
                  "level": "error",
                  "message": {
                    "text": "building index `ix` blocks writes to `orders`. Help: create it CONCURRENTLY, outside a transaction."
                  },
                  "locations": [
                    {
                      "physicalLocation": {
                        "artifactLocation": {
                          "uri": "db/migrations/0002%20note.sql",
                          "uriBaseId": "SRCROOT"
                        },
                        "region": {
                          "startLine": 2,
                          "startColumn": 10,
                          "endLine": 2,
                          "endColumn": 42
                        }
                      }
                    }
                  ],
                  "relatedLocations": [
                    {
                      "id": 1,
                      "physicalLocation": {
                        "artifactLocation": {
                          "uri": "db/migrations/0002%20note.sql",
                          "uriBaseId": "SRCROOT"
                        },
                        "region": {
                          "startLine": 1,
                          "startColumn": 14,
                          "endLine": 1,
                          "endColumn": 20
                        }
                      },
                      "message": {
                        "text": "the table is created here"
                      }
                    },
                    {
                      "id": 2,
                      "physicalLocation": {
                        "artifactLocation": {
                          "uri": "server/db_migrate.py",
                          "uriBaseId": "SRCROOT"
                        },
                        "region": {
                          "startLine": 2,
                          "startColumn": 5,
                          "endLine": 2,
                          "endColumn": 13
                        }
                      },
                      "message": {
                        "text": "the transaction is opened here"
                      }
                    }
                  ],
                  "partialFingerprints": {
                    "primaryLocationLineHash": "3bdf810e7c99e20b:1",
                    "ddlint/v1": "00000000000000aa"
                  },
                  "fixes": [
                    {
                      "description": {
                        "text": "build the index CONCURRENTLY"
                      },
                      "artifactChanges": [
                        {
                          "artifactLocation": {
                            "uri": "db/migrations/0002%20note.sql",
                            "uriBaseId": "SRCROOT"
                          },
                          "replacements": [
                            {
                              "deletedRegion": {
                                "startLine": 2,
                                "startColumn": 22,
                                "endLine": 2,
                                "endColumn": 22
                              },
                              "insertedContent": {
                                "text": " CONCURRENTLY"
                              }
                            }
                          ]
                        }
                      ]
                    }
                  ],
                  "properties": {
                    "confidence": "high",
                    "operation": "index.create",
                    "table": "orders"
                  }
                }
              ]
            }
          ]
        }
        "##);
    }

    #[test]
    fn what_does_not_count_is_shown_on_request_and_says_why() {
        let outcome = sample::outcome();
        let results = |show_suppressed| -> serde_json::Value {
            let text = render(&outcome, &Options { show_suppressed, ..Options::default() });
            let log: serde_json::Value = serde_json::from_str(&text).unwrap();
            log["runs"][0]["results"].clone()
        };
        assert_eq!(results(false).as_array().unwrap().len(), 3);
        assert_eq!(results(false)[0].get("suppressions"), None);

        let all = results(true);
        let suppressions: Vec<_> = all.as_array().unwrap().iter().map(|r| r["suppressions"].to_string()).collect();
        insta::assert_snapshot!(suppressions.join("\n"), @r##"
        []
        []
        [{"justification":"kept as it was","kind":"inSource"}]
        []
        [{"kind":"external"}]
        "##);
    }

    #[test]
    fn a_source_that_cannot_be_read_is_a_notification_too() {
        let text = render(&sample::outcome(), &Options::default());
        let log: serde_json::Value = serde_json::from_str(&text).unwrap();
        let notifications = &log["runs"][0]["invocations"][0]["toolExecutionNotifications"];
        assert_eq!(notifications.as_array().unwrap().len(), 1);
        assert_eq!(notifications[0]["associatedRule"]["id"], "parse-error");
    }

    /// Writes the sample for `scripts/sarif`: `SARIF_SAMPLE=F cargo test --lib sample_for_the_validator -- --ignored`.
    #[test]
    #[ignore = "writes a file for scripts/sarif"]
    fn sample_for_the_validator() {
        let path = std::env::var_os("SARIF_SAMPLE").expect("SARIF_SAMPLE names the file to write");
        let text = render(&sample::outcome(), &Options { show_suppressed: true, ..Options::default() });
        std::fs::write(path, text).expect("the file can be written");
    }
}
