//! Order of migrations, and the transaction, timeouts and settings in force at each operation.
//!
//! A frontend says how the *source* arranges transactions ([`crate::ir::Scope`]); here BEGIN, COMMIT, ROLLBACK and
//! SET are replayed on top of it, session by session, so that every operation knows what is open around it.

mod alternatives;
mod graph;
mod inverse;
mod order;
mod paths;
mod session;
mod settings;
mod transactions;
mod version;

pub use alternatives::alternatives;
pub use graph::Graph;
pub use inverse::problems as way_back_problems;
pub use order::{Project, order, project, project_of, version};
pub use settings::{Timeout, Timeouts, Zone};
pub use transactions::{End, Opener, OperationState, Timeline, Transaction};
pub use version::Version;
