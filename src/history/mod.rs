//! Order of migrations, and the transaction, timeouts and settings in force at each operation.
