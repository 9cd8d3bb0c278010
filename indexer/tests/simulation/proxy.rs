//! The way to Postgres, which can be cut: before or after any message of a transaction, or for a while.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use devnet::guarded::scratch_directory;
use sqlx::postgres::PgConnectOptions;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Where a transaction is cut.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    /// Counted from its `BEGIN`; a transaction that is shorter is cut at its `COMMIT`.
    pub(crate) message: usize,
    /// Whether Postgres still gets that message; its answer is lost.
    pub(crate) is_executed: bool,
}

type Reads = Box<dyn AsyncRead + Send + Unpin>;
type Writes = Box<dyn AsyncWrite + Send + Unpin>;

/// Listens on a socket in a directory of its own, and passes everything on to the real Postgres.
pub(crate) struct Proxy {
    directory: PathBuf,
    script: Arc<Script>,
    server: JoinHandle<()>,
}

struct Script {
    plan: Mutex<Plan>,
    /// Sent to: every connection ends.
    ends: watch::Sender<()>,
}

#[derive(Default)]
struct Plan {
    cut: Option<Cut>,
    /// Connections to refuse before one is let through again.
    refusals: u32,
    done: Vec<String>,
    statements: BTreeSet<String>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.server.abort();
        self.script.ends.send_replace(());
        std::fs::remove_dir_all(&self.directory).ok();
    }
}

impl Proxy {
    /// The way to where these options lead.
    pub(crate) fn start(to: PgConnectOptions) -> Self {
        let directory = scratch_directory("proxy").unwrap();
        let listener = UnixListener::bind(directory.join(format!(".s.PGSQL.{}", to.get_port()))).unwrap();
        let script = Arc::new(Script { plan: Mutex::default(), ends: watch::Sender::new(()) });
        let server = tokio::spawn(accept(listener, to, Arc::clone(&script)));
        Self { directory, script, server }
    }

    /// The options that lead through here.
    pub(crate) fn options(&self, direct: PgConnectOptions) -> PgConnectOptions {
        direct.socket(&self.directory)
    }

    /// The next transaction is cut.
    pub(crate) fn cut_next(&self, cut: Cut) {
        self.script.plan.lock().unwrap().cut = Some(cut);
    }

    /// Every connection ends, and so many attempts to make new ones fail.
    pub(crate) fn refuse(&self, connections: u32) {
        self.script.plan.lock().unwrap().refusals = connections;
        self.script.ends.send_replace(());
    }

    /// What was cut since this was asked last: "before insert into log", "after COMMIT".
    pub(crate) fn take_done(&self) -> Vec<String> {
        std::mem::take(&mut self.script.plan.lock().unwrap().done)
    }

    /// The messages of all transactions so far.
    pub(crate) fn statements(&self) -> BTreeSet<String> {
        self.script.plan.lock().unwrap().statements.clone()
    }
}

async fn accept(listener: UnixListener, server: PgConnectOptions, script: Arc<Script>) {
    while let Ok((client, _)) = listener.accept().await {
        let mut plan = script.plan.lock().unwrap();
        if plan.refusals > 0 {
            plan.refusals -= 1;
            plan.done.push("refused".into());
            continue;
        }
        drop(plan);
        tokio::spawn(connection(client, server.clone(), Arc::clone(&script)));
    }
}

async fn connection(client: UnixStream, server: PgConnectOptions, script: Arc<Script>) {
    let mut ends = script.ends.subscribe();
    let (is_lost, lost) = watch::channel(false);
    let (client_reads, client_writes) = client.into_split();
    let (server_reads, to) = connect(&server).await;
    let up = Upward { to, script, is_lost, statements: HashMap::new(), bound: String::new(), message: None };
    tokio::select! {
        () = up.pump(client_reads) => {}
        () = down(server_reads, client_writes, lost) => {}
        _ = ends.changed() => {}
    }
}

async fn connect(server: &PgConnectOptions) -> (Reads, Writes) {
    let file = |directory: &Path| directory.join(format!(".s.PGSQL.{}", server.get_port()));
    match server.get_socket().map(|directory| file(directory)) {
        Some(socket) => {
            let (reads, writes) = UnixStream::connect(socket).await.unwrap().into_split();
            (Box::new(reads), Box::new(writes))
        }
        None => {
            let (reads, writes) =
                TcpStream::connect((server.get_host(), server.get_port())).await.unwrap().into_split();
            (Box::new(reads), Box::new(writes))
        }
    }
}

/// Answers, until one is to be lost.
async fn down(mut from: Reads, mut to: OwnedWriteHalf, lost: watch::Receiver<bool>) {
    let mut buffer = vec![0; 16_384];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if *lost.borrow() || to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

/// Messages of one connection to Postgres, read as far as it takes to know where in a transaction it is.
struct Upward {
    to: Writes,
    script: Arc<Script>,
    is_lost: watch::Sender<bool>,
    /// By the names that the client gave them.
    statements: HashMap<Vec<u8>, String>,
    bound: String,
    /// How many messages since `BEGIN`.
    message: Option<usize>,
}

impl Upward {
    async fn pump(mut self, mut from: OwnedReadHalf) {
        let mut buffer = Vec::new();
        // The first message has no type.
        let mut header = 0;
        while let Ok(1..) = from.read_buf(&mut buffer).await {
            while let Some(frame) = take_frame(&mut buffer, header) {
                let is_cut = header == 1 && self.is_cut_at(&frame);
                header = 1;
                if is_cut || self.to.write_all(&frame).await.is_err() {
                    return;
                }
            }
        }
    }

    /// Whether the connection ends before this message.
    fn is_cut_at(&mut self, frame: &[u8]) -> bool {
        let mut texts = frame[5..].split(|byte| *byte == 0);
        let mut text = || texts.next().unwrap_or_default().to_vec();
        match frame[0] {
            b'P' => {
                let (name, statement) = (text(), text());
                self.statements.insert(name, label(&statement));
                false
            }
            b'B' => {
                let (_portal, name) = (text(), text());
                self.bound = self.statements.get(&name).cloned().unwrap_or_default();
                false
            }
            b'E' => self.is_cut_by_plan(self.bound.clone()),
            b'Q' => self.is_cut_by_plan(label(&text())),
            _ => false,
        }
    }

    fn is_cut_by_plan(&mut self, label: String) -> bool {
        let Some(message) = self.message.map(|before| before + 1).or((label == "begin").then_some(0)) else {
            return false;
        };
        let is_commit = label == "commit";
        self.message = (!is_commit && label != "rollback").then_some(message);
        let mut plan = self.script.plan.lock().unwrap();
        plan.statements.insert(label.clone());
        let Some(cut) = plan.cut.take_if(|cut| cut.message == message || is_commit) else { return false };
        plan.done.push(format!("{} {label}", if cut.is_executed { "after" } else { "before" }));
        if cut.is_executed {
            self.is_lost.send_replace(true);
        }
        !cut.is_executed
    }
}

/// The next whole message; the length counts itself and follows the type, if there is one.
fn take_frame(buffer: &mut Vec<u8>, header: usize) -> Option<Vec<u8>> {
    let length = buffer.get(header..header + 4)?;
    let end = header + usize::try_from(u32::from_be_bytes(length.try_into().unwrap())).unwrap();
    (buffer.len() >= end).then(|| buffer.drain(..end).collect())
}

/// "insert into block", "commit".
fn label(statement: &[u8]) -> String {
    let text = String::from_utf8_lossy(statement).to_lowercase();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    words.take(3).collect::<Vec<_>>().join(" ")
}
