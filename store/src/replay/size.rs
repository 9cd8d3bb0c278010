//! How much disk a replay takes.

use std::path::PathBuf;

use crate::StoreError;
use crate::columns::count;
use crate::writer::Writer;

/// What a replay needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// At the most: what the tables that it writes anew take now, less what is there of it already. Bytes.
    pub bytes: u64,
    /// Where Postgres keeps them, if it runs on this machine for sure and says so.
    pub data_directory: Option<PathBuf>,
}

impl Writer {
    /// What a replay will need at the most, and where.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn replay_need(&self, refetch: bool) -> Result<Need, StoreError> {
        let bytes: i64 = sqlx::query_scalar(
            "select greatest(0, pg_table_size('public.vvv_transfer') + coalesce(pg_relation_size(to_regclass('public.vvv_transfer_place')), 0)
                + (select sum(pg_total_relation_size(('public.' || name)::regclass))
                     from unnest(array['event', 'position', 'capacity_totals', 'supply_totals', 'burn', 'mint',
                                       'parameter', 'anomaly']
                                 || case when $1 then array['block', 'log', 'reading', 'inferred'] else '{}' end) name)
                - (select coalesce(sum(pg_total_relation_size(c.oid)), 0)
                     from pg_class c join pg_namespace n on n.oid = c.relnamespace
                    where n.nspname = 'replay' and c.relkind = 'r'))::bigint",
        )
        .bind(refetch)
        .fetch_one(&self.pool)
        .await?;
        let told: Option<String> = sqlx::query_scalar(
            "select case when pg_has_role('pg_read_all_settings', 'usage') then current_setting('data_directory') end",
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(Need { bytes: count(bytes)?, data_directory: told.filter(|_| self.copies).map(PathBuf::from) })
    }
}
