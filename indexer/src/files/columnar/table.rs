//! One file being written: a header and lines, or groups of rows, column by column.

use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;
use std::sync::Arc;

use alloy_primitives::hex;
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use serde_json::Value;

use super::{Column, Format, Kind};
use crate::files::error::FileError;

/// Rows of a group: what is in memory of a table.
const GROUP_ROWS: usize = 20_000;

/// A file of one table.
pub(super) struct TableFile {
    path: PathBuf,
    columns: &'static [Column],
    writer: Writer,
    pub(super) rows: u64,
}

enum Writer {
    Csv(csv::Writer<BufWriter<File>>),
    Parquet { file: SerializedFileWriter<BufWriter<File>>, rows: Vec<Vec<Value>> },
}

impl TableFile {
    pub(super) fn create(path: PathBuf, columns: &'static [Column], format: Format) -> Result<Self, FileError> {
        let file = File::create_new(&path).map_err(FileError::system(&path))?;
        let file = BufWriter::with_capacity(1 << 18, file);
        let writer = match format {
            Format::Csv => {
                let mut writer = csv::Writer::from_writer(file);
                let header = writer.write_record(columns.iter().map(|column| column.name));
                header.map_err(|error| FileError::content(&path, error))?;
                Writer::Csv(writer)
            }
            Format::Parquet => {
                let file = schema(columns).and_then(|schema| {
                    let properties = WriterProperties::builder().set_compression(Compression::LZ4_RAW).build();
                    SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties))
                });
                Writer::Parquet { file: file.map_err(|error| FileError::content(&path, error))?, rows: Vec::new() }
            }
        };
        Ok(Self { path, columns, writer, rows: 0 })
    }

    /// Adds a row: a value a column, null where there is none.
    pub(super) fn put(&mut self, row: Vec<Value>) -> Result<(), FileError> {
        self.rows += 1;
        match &mut self.writer {
            Writer::Csv(writer) => {
                let written = writer.write_record(row.iter().map(text));
                written.map_err(|error| FileError::content(&self.path, error))
            }
            Writer::Parquet { rows, .. } => {
                rows.push(row);
                if rows.len() < GROUP_ROWS { Ok(()) } else { self.flush() }
            }
        }
    }

    pub(super) fn close(mut self) -> Result<PathBuf, FileError> {
        self.flush()?;
        let file = match self.writer {
            Writer::Csv(writer) => {
                writer.into_inner().map_err(|error| FileError::system(&self.path)(error.into_error()))?
            }
            Writer::Parquet { file, .. } => file.into_inner().map_err(|error| FileError::content(&self.path, error))?,
        };
        let file = file.into_inner().map_err(|error| FileError::system(&self.path)(error.into_error()))?;
        file.sync_all().map_err(FileError::system(&self.path))?;
        Ok(self.path)
    }

    fn flush(&mut self) -> Result<(), FileError> {
        let Writer::Parquet { file, rows } = &mut self.writer else { return Ok(()) };
        if rows.is_empty() {
            return Ok(());
        }
        write_group(file, self.columns, rows).map_err(|error| FileError::content(&self.path, error))?;
        rows.clear();
        Ok(())
    }
}

fn schema(columns: &[Column]) -> Result<Type, ParquetError> {
    let field = |column: &Column| {
        let (physical, logical) = match column.kind {
            Kind::Number => (Physical::INT64, Some(LogicalType::integer(64, false))),
            Kind::Bytes => (Physical::BYTE_ARRAY, None),
            Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        };
        let field = Type::primitive_type_builder(column.name, physical).with_logical_type(logical);
        field.with_repetition(Repetition::OPTIONAL).build().map(Arc::new)
    };
    let fields = columns.iter().map(field).collect::<Result<Vec<_>, _>>()?;
    Type::group_type_builder("schema").with_fields(fields).build()
}

fn write_group(
    file: &mut SerializedFileWriter<BufWriter<File>>,
    columns: &[Column],
    rows: &[Vec<Value>],
) -> Result<(), ParquetError> {
    let mut group = file.next_row_group()?;
    for (at, column) in columns.iter().enumerate() {
        let Some(mut writer) = group.next_column()? else { break };
        let cells = rows.iter().map(|row| row.get(at).unwrap_or(&Value::Null));
        // 1: there is a value; 0: null.
        let levels: Vec<i16> = cells.clone().map(|cell| i16::from(!cell.is_null())).collect();
        let present = cells.filter(|cell| !cell.is_null());
        if column.kind == Kind::Number {
            let values = present.map(number).collect::<Result<Vec<_>, _>>()?;
            writer.typed::<Int64Type>().write_batch(&values, Some(&levels), None)?;
        } else {
            let values = present.map(|cell| bytes(column.kind, cell)).collect::<Result<Vec<_>, _>>()?;
            writer.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None)?;
        }
        writer.close()?;
    }
    group.close()?;
    Ok(())
}

/// Unsigned numbers are kept in signed ones of the same bits.
fn number(cell: &Value) -> Result<i64, ParquetError> {
    let number = cell.as_u64().ok_or_else(|| ParquetError::General(format!("{cell} is no number")))?;
    Ok(number.cast_signed())
}

fn bytes(kind: Kind, cell: &Value) -> Result<ByteArray, ParquetError> {
    let text = cell.as_str().ok_or_else(|| ParquetError::General(format!("{cell} is no text")))?;
    match kind {
        Kind::Bytes => {
            hex::decode(text).map(ByteArray::from).map_err(|error| ParquetError::General(format!("{text}: {error}")))
        }
        _ => Ok(ByteArray::from(text)),
    }
}

fn text(cell: &Value) -> String {
    match cell {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
