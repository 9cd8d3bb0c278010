//! A private cluster: real binaries, real processes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

#[path = "support/parent.rs"]
mod parent;
mod support;

use std::path::Path;

use devnet::guarded::scratch_directory;
use devnet::postgres::{Account, Cluster, READER_ROLE, create_database, drop_database, prepare_roles};
use parent::{is_parent, parent, tell};
use sqlx::{Connection, Executor, PgConnection};
use support::{eventually, kill_hard, runs};

async fn answer(url: &str, question: &'static str) -> String {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let answer: String = sqlx::query_scalar(question).fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    answer
}

#[tokio::test]
async fn a_temporary_cluster_answers_and_leaves_nothing_behind() {
    let cluster = Cluster::temporary().await.unwrap();
    let (pid, directory) = (cluster.pid(), cluster.socket_directory().to_owned());
    assert_eq!(answer(&cluster.url("postgres"), "show listen_addresses").await, "");
    assert_eq!(answer(&cluster.url("postgres"), "show server_encoding").await, "UTF8");

    cluster.stop().await.unwrap();
    assert!(!runs(pid));
    assert!(!directory.exists());
}

#[tokio::test]
async fn the_server_never_runs_as_root() {
    use std::os::unix::fs::MetadataExt;
    let cluster = Cluster::temporary().await.unwrap();
    let owner = std::fs::metadata(cluster.socket_directory()).unwrap().uid();
    if let Account::Other { uid, .. } = Account::choose().await.unwrap() {
        assert_eq!(owner, uid);
    }
    assert_ne!(owner, 0);
    let status = std::fs::read_to_string(format!("/proc/{}/status", cluster.pid())).unwrap_or_default();
    if let Some(line) = status.lines().find(|line| line.starts_with("Uid:")) {
        assert!(line.split_whitespace().skip(1).all(|uid| uid == owner.to_string()), "{line}");
    }
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn the_api_may_read_what_its_group_may_read_and_no_more() {
    let cluster = Cluster::temporary().await.unwrap();
    let admin = cluster.url("postgres");
    create_database(&admin, "capacity").await.unwrap();
    create_database(&admin, "capacity").await.unwrap();
    let url = cluster.url("capacity");
    prepare_roles(&url, None).await.unwrap();
    prepare_roles(&url, Some("it's secret")).await.unwrap();

    let mut owner = PgConnection::connect(&url).await.unwrap();
    owner.execute("create table position (x int); insert into position values (7)").await.unwrap();
    let mut reader = PgConnection::connect(&cluster.url_as("capacity_api", "capacity")).await.unwrap();
    assert!(reader.execute("select x from position").await.is_err());
    assert_eq!(READER_ROLE, "capacity_reader");
    owner.execute("grant select on position to capacity_reader").await.unwrap();
    reader.execute("select x from position").await.unwrap();
    assert!(reader.execute("insert into position values (8)").await.is_err());
    assert!(reader.execute("create table own (x int)").await.is_err());

    drop_database(&admin, "capacity").await.unwrap();
    assert!(PgConnection::connect(&url).await.is_err());
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_kept_cluster_goes_on_after_a_stop_and_after_a_crash() {
    let home = home();
    let data = home.join("data");
    let cluster = Cluster::kept(&data).await.unwrap();
    let mut owner = PgConnection::connect(&cluster.url("postgres")).await.unwrap();
    owner.execute("create table kept (word text); insert into kept values ('still here')").await.unwrap();
    cluster.stop().await.unwrap();

    let cluster = Cluster::kept(&data).await.unwrap();
    assert_eq!(answer(&cluster.url("postgres"), "select word from kept").await, "still here");
    let pid = cluster.pid();
    std::process::Command::new("kill").args(["-KILL", &pid.to_string()]).status().unwrap();
    cluster.stop().await.unwrap();
    assert!(data.join("postmaster.pid").exists(), "the crash left no trace, so this test shows nothing");

    // Somebody else has the crashed server's number by now: this very process.
    let trace = std::fs::read_to_string(data.join("postmaster.pid")).unwrap();
    let rest = trace.split_once('\n').unwrap().1;
    std::fs::write(data.join("postmaster.pid"), format!("{}\n{rest}", std::process::id())).unwrap();
    let cluster = Cluster::kept(&data).await.unwrap();
    assert_eq!(answer(&cluster.url("postgres"), "select word from kept").await, "still here");
    cluster.stop().await.unwrap();
    std::fs::remove_dir_all(home).unwrap();
}

#[tokio::test]
async fn a_server_left_behind_is_stopped_and_its_data_taken_over() {
    let home = home();
    let data = home.join("data");
    let left_behind = Cluster::kept(&data).await.unwrap();
    let pid = left_behind.pid();
    let cluster = Cluster::kept(&data).await.unwrap();
    assert!(!runs(pid));
    assert!(cluster.describe().iter().any(|line| line.contains("earlier run")));
    cluster.stop().await.unwrap();
    left_behind.stop().await.unwrap();
    std::fs::remove_dir_all(home).unwrap();
}

#[tokio::test]
async fn the_cluster_stops_when_its_parent_is_killed() {
    if is_parent() {
        let cluster = Cluster::temporary().await.unwrap();
        return tell([cluster.pid().to_string(), cluster.socket_directory().display().to_string()]).await;
    }
    let (child, told) = parent("the_cluster_stops_when_its_parent_is_killed");
    let pid: u32 = told[0].parse().unwrap();
    let directory = Path::new(&told[1]);
    assert!(runs(pid) && directory.exists());
    kill_hard(child);
    eventually("the server has stopped", || !runs(pid));
    eventually("its directory is gone", || !directory.exists());
}

/// A directory that Postgres' account can reach.
fn home() -> std::path::PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let home = scratch_directory("test").unwrap();
    std::fs::set_permissions(&home, std::fs::Permissions::from_mode(0o755)).unwrap();
    home
}
