//! Parquet and CSV: files of cryo's layout made here, and our own there and back.

use std::fs::File;
use std::sync::Arc;

use alloy_primitives::hex;
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::Type;
use serde_json::{Map, Value};
use sqlx::PgPool;

use crate::cryo::imported;
use crate::programs::{Clock, Oracle};
use crate::world::World;

/// As polars writes a column: unsigned numbers of 32 bits where they fit, of 64 for chain id and fee, bytes as bytes.
#[derive(Clone, Copy)]
enum Kind {
    Small,
    Large,
    Bytes,
}

const BLOCKS: [(&str, Kind); 8] = [
    ("block_hash", Kind::Bytes),
    ("author", Kind::Bytes),
    ("block_number", Kind::Small),
    ("gas_used", Kind::Large),
    ("extra_data", Kind::Bytes),
    ("timestamp", Kind::Small),
    ("base_fee_per_gas", Kind::Large),
    ("chain_id", Kind::Large),
];

const LOGS: [(&str, Kind); 11] = [
    ("block_number", Kind::Small),
    ("transaction_index", Kind::Small),
    ("log_index", Kind::Small),
    ("transaction_hash", Kind::Bytes),
    ("address", Kind::Bytes),
    ("topic0", Kind::Bytes),
    ("topic1", Kind::Bytes),
    ("topic2", Kind::Bytes),
    ("topic3", Kind::Bytes),
    ("data", Kind::Bytes),
    ("chain_id", Kind::Large),
];

fn columns(path: &str) -> &'static [(&'static str, Kind)] {
    if path.contains("__blocks__") { &BLOCKS } else { &LOGS }
}

fn write_parquet(path: &str, rows: &[Value]) {
    let columns = columns(path);
    let field = |(name, kind): &(&str, Kind)| {
        let (physical, logical) = match kind {
            Kind::Small => (Physical::INT32, Some(LogicalType::integer(32, false))),
            Kind::Large => (Physical::INT64, Some(LogicalType::integer(64, false))),
            Kind::Bytes => (Physical::BYTE_ARRAY, None),
        };
        let field = Type::primitive_type_builder(name, physical).with_logical_type(logical);
        Arc::new(field.with_repetition(Repetition::OPTIONAL).build().unwrap())
    };
    let schema = Type::group_type_builder("schema").with_fields(columns.iter().map(field).collect()).build().unwrap();
    let properties = WriterProperties::builder().set_compression(Compression::LZ4_RAW).build();
    let file = File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    columns.iter().for_each(|(name, kind)| write_column(&mut group, *kind, rows.iter().map(|row| &row[name])));
    group.close().unwrap();
    writer.close().unwrap();
}

fn write_column<'a>(
    group: &mut SerializedRowGroupWriter<'_, File>,
    kind: Kind,
    cells: impl Iterator<Item = &'a Value> + Clone,
) {
    let levels: Vec<i16> = cells.clone().map(|cell| i16::from(!cell.is_null())).collect();
    let present = cells.filter(|cell| !cell.is_null());
    let mut column = group.next_column().unwrap().unwrap();
    match kind {
        Kind::Small => {
            let values: Vec<i32> =
                present.map(|cell| u32::try_from(cell.as_u64().unwrap()).unwrap().cast_signed()).collect();
            column.typed::<Int32Type>().write_batch(&values, Some(&levels), None).unwrap();
        }
        Kind::Large => {
            let values: Vec<i64> = present.map(|cell| cell.as_i64().unwrap()).collect();
            column.typed::<Int64Type>().write_batch(&values, Some(&levels), None).unwrap();
        }
        Kind::Bytes => {
            let values: Vec<ByteArray> =
                present.map(|cell| hex::decode(cell.as_str().unwrap()).unwrap().into()).collect();
            column.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None).unwrap();
        }
    }
    column.close().unwrap();
}

fn write_csv(path: &str, rows: &[Value]) {
    let columns = columns(path);
    let mut writer = csv::Writer::from_path(path).unwrap();
    writer.write_record(columns.iter().map(|(name, _)| name)).unwrap();
    for row in rows {
        let text = |cell: &Value| match cell {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        writer.write_record(columns.iter().map(|(name, _)| text(&row[name]))).unwrap();
    }
    writer.flush().unwrap();
}

#[sqlx::test(migrations = false)]
async fn parquet_as_cryo_writes_it_is_read(pool: PgPool) {
    imported(&pool, "cryo_parquet", "parquet", write_parquet).await;
}

#[sqlx::test(migrations = false)]
async fn csv_as_cryo_writes_it_is_read(pool: PgPool) {
    imported(&pool, "cryo_csv", "csv", write_csv).await;
}

async fn there_and_back(pool: &PgPool, format: &str) {
    let world = World::new(71, 80).await;
    let (to, full) = (world.finalized(), Oracle::new(pool, &format!("{format}_full"), Clock::Known).await);
    full.done(&["backfill", "--from", "0", "--to", &to.to_string(), "--rpc-url", &world.node.url]).await;
    let files = full.file("inputs");
    let export = ["export", "--what", "events", "--at-block", &to.to_string(), "--format", format, "--out", &files];
    full.done(&export).await;
    let again = full.ask(&export).await;
    assert_eq!(again.code, Some(3), "what is there is not removed: {again:?}");

    let copy = Oracle::new(pool, &format!("{format}_copy"), Clock::Known).await;
    let backfill = ["backfill", "--from", "0", "--to", &to.to_string(), "--from-files", &files];
    // One more than is listed, one less, and one that was changed.
    let logs = format!("{files}/base__logs__00000000_to_{to:08}.{format}");
    let whole = std::fs::read(&logs).unwrap();
    let other = format!("{files}/base__logs__00000000_to_00000001.{format}");
    let mut changed = whole.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    for (path, bytes, reason) in [
        (&other, Some(&whole), "is not listed in export.json"),
        (&logs, None, "No such file"),
        (&logs, Some(&changed), "is not as it was written"),
    ] {
        match bytes {
            Some(bytes) => std::fs::write(path, bytes).unwrap(),
            None => std::fs::remove_file(path).unwrap(),
        }
        let said = copy.ask(&backfill).await;
        assert!(said.code == Some(2) || said.code == Some(3), "{reason}: {said:?}");
        assert!(said.err.contains(reason), "{reason:?} in {said:?}");
        assert_eq!(copy.count("block").await, 0, "{reason}");
        std::fs::remove_file(&other).ok();
        std::fs::write(&logs, &whole).unwrap();
    }
    copy.done(&backfill).await;
    assert_eq!(copy.digests().await, full.digests().await);
    assert_eq!(copy.count("reading").await, full.count("reading").await);
    full.drop(pool).await;
    copy.drop(pool).await;
}

#[sqlx::test(migrations = false)]
async fn our_own_parquet_gives_the_same_state_to_the_byte(pool: PgPool) {
    there_and_back(&pool, "parquet").await;
}

#[sqlx::test(migrations = false)]
async fn our_own_csv_gives_the_same_state_to_the_byte(pool: PgPool) {
    there_and_back(&pool, "csv").await;
}

/// Every table of every export has every record that the lines have, field by field.
#[sqlx::test(migrations = false)]
async fn columns_hold_what_lines_hold(pool: PgPool) {
    let world = World::new(72, 60).await;
    let oracle = Oracle::new(&pool, "columns", Clock::Known).await;
    oracle.follow(&world.node, &[]).await;
    for what in ["capacity", "positions", "supply"] {
        let lines = oracle.done(&["export", "--what", what]).await.out;
        let directory = oracle.file(&format!("{what}_csv"));
        oracle.done(&["export", "--what", what, "--format", "csv", "--out", &directory]).await;
        let mut rows = 0;
        for entry in std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.extension().is_some_and(|extension| extension == "csv") {
                let table = entry.file_stem().unwrap().to_str().unwrap().to_owned();
                rows += same_rows(&entry, &table, &lines);
            }
        }
        assert_eq!(rows, lines.lines().count() - 2, "{what}");
    }
    oracle.drop(&pool).await;
}

fn same_rows(path: &std::path::Path, table: &str, lines: &str) -> usize {
    let records = lines.lines().map(|line| serde_json::from_str::<Map<String, Value>>(line).unwrap());
    let expected: Vec<_> = records.filter(|record| record["record"] == table).collect();
    let mut reader = csv::Reader::from_path(path).unwrap();
    let names = reader.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), expected.len(), "{table}");
    for (row, record) in rows.iter().zip(&expected) {
        let filled = names.iter().zip(row).filter(|(name, cell)| !cell.is_empty() && *name != "chain_id");
        for (name, cell) in filled.clone() {
            let field = record[name].as_str().map_or_else(|| record[name].to_string(), str::to_owned);
            assert_eq!(cell, field, "{table}: {name}");
        }
        assert_eq!(filled.count(), record.len() - 1, "{table}: {record:?}");
    }
    rows.len()
}
