//! Where measurements take place: a folder and a database of each kind, made once, and copied for each measurement, so
//! that every one begins with the same.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::contender::{Contender, Redis, free_port};
use crate::floor::plan::{Place, Shape};
use crate::world::{Size, World, clients, crowd, import_file};

/// Which database.
#[derive(Debug, Clone)]
pub enum Kind {
    Sqlite,
    Postgres {
        /// Of a server where databases may be made.
        url: String,
        nodes: u8,
    },
}

impl Kind {
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres { .. } => "PostgreSQL",
        }
    }

    /// With how many nodes, if they are several.
    #[must_use]
    pub fn label(&self) -> String {
        match self.nodes() {
            1 => self.name().to_owned(),
            nodes => format!("{}, {nodes} nodes", self.name()),
        }
    }

    const fn nodes(&self) -> u8 {
        match self {
            Self::Sqlite => 1,
            Self::Postgres { nodes, .. } => *nodes,
        }
    }
}

/// Whom to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Floor,
    Ours,
}

impl Who {
    const fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Ours => "ours",
        }
    }
}

#[derive(Debug)]
pub struct Stage {
    idp: PathBuf,
    kind: Kind,
    folder: PathBuf,
    ours_port: u16,
    floor_port: u16,
    pub world: World,
    answers: Vec<(String, Shape)>,
}

impl Stage {
    /// Makes the world in a folder of its own under `parent`.
    ///
    /// # Errors
    /// When the provider can not be started or does not answer as expected.
    pub async fn set(
        idp: &Path,
        kind: Kind,
        (size, crowd): (Size, usize),
        parent: &Path,
    ) -> anyhow::Result<Self> {
        let folder =
            parent.join(format!("bench-{}-{}", kind.name().to_ascii_lowercase(), std::process::id()));
        let (ours_port, floor_port) = (free_port()?, free_port()?);
        let mut stage = Self {
            idp: idp.to_owned(),
            kind,
            folder,
            ours_port,
            floor_port,
            world: World::default(),
            answers: Vec::new(),
        };
        match stage.fill(size, crowd).await {
            Ok(()) => Ok(stage),
            Err(error) => {
                let said = fs::read_to_string(stage.folder.join("ours.log")).unwrap_or_default();
                stage.strike().await?;
                Err(error.context(said))
            }
        }
    }

    async fn fill(&mut self, size: Size, crowd: usize) -> anyhow::Result<()> {
        fs::create_dir_all(self.folder.join("first"))?;
        let people = self.folder.join("people.jsonl");
        fs::write(&people, import_file(size)?)?;
        fs::write(self.folder.join("portico.toml"), clients())?;
        self.new_database(None, "first").await?;
        let output = self.idp_command("first")?.args(["import", "users"]).arg(&people).output()?;
        ensure!(output.status.success(), "import: {}", String::from_utf8_lossy(&output.stderr));
        let idp = Contender::start(self.idp_command("first")?, self.ours_port).await?;
        self.world = World::make(idp.address, size).await?;
        idp.stop()?;
        match self.database_url("first") {
            _ if crowd == 0 => {}
            Some(url) => crowd::postgres(&url, crowd).await?,
            None => crowd::sqlite(&self.folder.join("first").join("idp.db"), crowd).await?,
        }
        // Answers are taken from a copy: what asking for them leaves behind is not in the first one.
        let idp = self.start(Who::Ours).await?;
        self.answers = self.world.sample(idp.address).await?;
        idp.stop()
    }

    /// Starts one of the two on a copy of what was made first.
    ///
    /// # Errors
    /// When it can not be copied or started.
    pub async fn start(&self, who: Who) -> anyhow::Result<Contender> {
        let name = who.name();
        let folder = self.folder.join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        let command = match who {
            Who::Ours => {
                copy(&self.folder.join("first"), &folder)?;
                self.new_database(Some("first"), name).await?;
                if self.kind.nodes() > 1 {
                    rustix::fs::sync();
                    return self.start_nodes().await;
                }
                self.idp_command(name)?
            }
            Who::Floor => {
                fs::create_dir_all(&folder)?;
                self.new_database(None, name).await?;
                self.floor_command(&folder, name)?
            }
        };
        // What was copied is not written back while something else is measured.
        rustix::fs::sync();
        let port = if who == Who::Ours { self.ours_port } else { self.floor_port };
        Contender::start(command, port).await
    }

    /// All nodes of ours, one after the other, as in an upgrade.
    async fn start_nodes(&self) -> anyhow::Result<Contender> {
        let (redis, redis_url) = Redis::start()?;
        let of = |name: &str| {
            let mut command = self.idp_command(name)?;
            command.env("IDP_REDIS__URL", &redis_url);
            anyhow::Ok(command)
        };
        let mut first = Contender::start(of(Who::Ours.name())?, self.ours_port).await?;
        for number in 2..=self.kind.nodes() {
            let (folder, port) = (self.folder.join(format!("node-{number}")), free_port()?);
            if !folder.exists() {
                copy(&self.folder.join("first"), &folder)?;
            }
            let mut command = of(Who::Ours.name())?;
            command.env("IDP_DATA_DIR", folder).env("IDP_HTTP__LISTEN", format!("127.0.0.1:{port}"));
            first.others.push(Contender::start(command, port).await?);
        }
        first.redis = Some(redis);
        Ok(first)
    }

    fn idp_command(&self, name: &str) -> anyhow::Result<Command> {
        let mut command = Command::new(&self.idp);
        command
            .env_clear()
            .env("IDP_DATA_DIR", self.folder.join(name))
            .env("IDP_HTTP__LISTEN", format!("127.0.0.1:{}", self.ours_port))
            .env("IDP_PUBLIC_URL", format!("http://localhost:{}", self.ours_port))
            .arg("--config")
            .arg(self.folder.join("portico.toml"));
        if let Some(url) = self.database_url(name) {
            command.env("IDP_DATABASE__URL", url);
        }
        self.log_of(&mut command, "ours")?;
        Ok(command)
    }

    fn floor_command(&self, folder: &Path, name: &str) -> anyhow::Result<Command> {
        let place = match self.database_url(name) {
            Some(url) => Place::Postgres(url),
            None => Place::Sqlite(folder.join("floor.db")),
        };
        let plan = self.world.plan(self.answers.iter().cloned(), place);
        let file = folder.join("plan.json");
        fs::write(&file, serde_json::to_vec(&plan)?)?;
        let mut command = Command::new(std::env::current_exe()?);
        command
            .env_clear()
            .arg("floor")
            .arg("--port")
            .arg(self.floor_port.to_string())
            .arg("--plan")
            .arg(file);
        self.log_of(&mut command, "floor")?;
        Ok(command)
    }

    fn log_of(&self, command: &mut Command, name: &str) -> anyhow::Result<()> {
        let log = File::options().create(true).append(true).open(self.folder.join(format!("{name}.log")))?;
        command.stdout(log.try_clone()?).stderr(log);
        Ok(())
    }

    fn database_name(name: &str) -> String {
        format!("bench_{}_{name}", std::process::id())
    }

    fn database_url(&self, name: &str) -> Option<String> {
        let Kind::Postgres { url, .. } = &self.kind else {
            return None;
        };
        let (server, path) = url.rsplit_once('/')?;
        let parameters =
            path.split_once('?').map(|(_, parameters)| format!("?{parameters}")).unwrap_or_default();
        Some(format!("{server}/{}{parameters}", Self::database_name(name)))
    }

    /// An empty database on the server, or a copy of another one.
    async fn new_database(&self, of: Option<&str>, name: &str) -> anyhow::Result<()> {
        let database = Self::database_name(name);
        let template = of.map(|of| format!(" TEMPLATE {}", Self::database_name(of))).unwrap_or_default();
        self.on_server(format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)")).await?;
        self.on_server(format!("CREATE DATABASE {database}{template}")).await
    }

    async fn on_server(&self, statement: String) -> anyhow::Result<()> {
        let Kind::Postgres { url, .. } = &self.kind else {
            return Ok(());
        };
        let mut server = PgConnection::connect(url).await.context("PostgreSQL")?;
        // Of our own numbers and names.
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut server).await?;
        server.close().await?;
        Ok(())
    }

    /// Removes the folder and the databases.
    ///
    /// # Errors
    /// When they can not be removed.
    pub async fn strike(&self) -> anyhow::Result<()> {
        for name in ["first", Who::Ours.name(), Who::Floor.name()] {
            self.on_server(format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", Self::database_name(name)))
                .await?;
        }
        fs::remove_dir_all(&self.folder)?;
        Ok(())
    }
}

/// Files and the folders in it.
fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
