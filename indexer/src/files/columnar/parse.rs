//! Files read, of ours and of cryo: a row is put together as the object that NDJSON would have, and parsed as that.

use std::fs::File;
use std::path::Path;

use alloy_primitives::hex;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use parquet::schema::types::Type;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Format, Table};
use crate::files::error::FileError;

/// Rows of one file: more are no stretch of blocks but a mistake, and would not fit into memory.
const ROWS_MAX: usize = 5_000_000;
/// What they take without compression, as far as the file says so itself.
const BYTES_MAX: i64 = 2 << 30;

/// All records of a file. Columns that a record has no field for are left aside.
///
/// # Errors
/// [`FileError`]
pub fn records<T: Table + DeserializeOwned>(path: &Path, format: Format) -> Result<Vec<T>, FileError> {
    match format {
        Format::Parquet => parquet_records(path),
        Format::Csv => csv_records(path),
    }
}

fn csv_records<T: Table + DeserializeOwned>(path: &Path) -> Result<Vec<T>, FileError> {
    let mut reader = csv::Reader::from_path(path).map_err(|error| FileError::content(path, error))?;
    let mut records = Vec::new();
    for record in reader.deserialize() {
        records.push(record.map_err(|error| FileError::content(path, error))?);
        hold(path, records.len())?;
    }
    Ok(records)
}

fn parquet_records<T: Table + DeserializeOwned>(path: &Path) -> Result<Vec<T>, FileError> {
    let wrong = |error: parquet::errors::ParquetError| FileError::content(path, error);
    let file = File::open(path).map_err(FileError::system(path))?;
    let reader = SerializedFileReader::new(file).map_err(wrong)?;
    let rows = reader.metadata().file_metadata().num_rows();
    hold(path, usize::try_from(rows).unwrap_or(usize::MAX))?;
    let bytes = reader.metadata().row_groups().iter().map(|group| group.total_byte_size());
    if bytes.fold(0, i64::saturating_add) > BYTES_MAX {
        return Err(FileError::content(path, "unpacks to more than 2 GB: export shorter stretches"));
    }
    let wanted = projection::<T>(reader.metadata().file_metadata().schema());
    let mut records = Vec::new();
    for row in reader.get_row_iter(Some(wanted.map_err(wrong)?)).map_err(wrong)? {
        let object = object(&row.map_err(wrong)?).map_err(|what| FileError::content(path, what))?;
        let record = serde_json::from_value(Value::Object(object));
        records.push(record.map_err(|error| FileError::content(path, format!("row {}: {error}", records.len() + 1)))?);
    }
    Ok(records)
}

fn hold(path: &Path, rows: usize) -> Result<(), FileError> {
    if rows > ROWS_MAX {
        return Err(FileError::content(path, format!("has more than {ROWS_MAX} rows: export shorter stretches")));
    }
    Ok(())
}

/// The columns that the record has fields for, and a log's block hash, which is not always there.
fn projection<T: Table>(schema: &Type) -> Result<Type, parquet::errors::ParquetError> {
    let is_wanted = |name: &str| name == "block_hash" || T::COLUMNS.iter().any(|column| column.name == name);
    let fields = schema.get_fields().iter().filter(|field| is_wanted(field.name())).cloned().collect();
    Type::group_type_builder(schema.name()).with_fields(fields).build()
}

fn object(row: &Row) -> Result<Map<String, Value>, String> {
    let mut object = Map::new();
    for (name, field) in row.get_column_iter() {
        let value = value(field).ok_or_else(|| format!("column {name} holds {field}, which it cannot"))?;
        if !value.is_null() {
            object.insert(name.clone(), value);
        }
    }
    Ok(object)
}

/// `None` for a type that no column of ours has.
fn value(field: &Field) -> Option<Value> {
    Some(match field {
        Field::Null => Value::Null,
        Field::Bytes(bytes) => hex::encode_prefixed(bytes.data()).into(),
        Field::Str(text) => text.as_str().into(),
        Field::UInt(number) => (*number).into(),
        Field::ULong(number) => (*number).into(),
        Field::Int(number) => u64::try_from(*number).ok()?.into(),
        Field::Long(number) => u64::try_from(*number).ok()?.into(),
        _ => return None,
    })
}
