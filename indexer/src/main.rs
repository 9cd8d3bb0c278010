//! `indexer`

fn main() {}
