import GRDB
import JobModel

/// The tables, version by version. A migration that has been released is never changed.
enum Schema {
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1 first light") { database in
      try database.execute(sql: firstLight)
      for state in JobState.allCases {
        try database.execute(sql: "INSERT INTO state_count (state, count) VALUES (?, 0)", arguments: [state.rawValue])
      }
    }
    migrator.registerMigration("2 batches") { try $0.execute(sql: batches) }
    migrator.registerMigration("3 fair order") { try $0.execute(sql: fairOrder) }
    migrator.registerMigration("4 budgets") { try $0.execute(sql: budgets) }
    migrator.registerMigration("5 large queues") { try $0.execute(sql: largeQueues) }
    return migrator
  }

  private static let largeQueues = """
    -- The newest of a state, of requests and of lines apart: a page of either is found without looking at the other.
    CREATE INDEX job_request_state ON job (state, id) WHERE batch IS NULL;
    CREATE INDEX job_line_state ON job (state, id) WHERE batch IS NOT NULL;
    CREATE INDEX job_forecast ON job (id) WHERE state = 'done' AND forecast IS NOT NULL AND finished > started;
    -- A line is entered with its batch.
    DROP TRIGGER line_added;
    CREATE TRIGGER line_added AFTER INSERT ON job
    WHEN NEW.batch IS NOT NULL AND NEW.state IN ('done', 'failed', 'cancelled')
    BEGIN
      UPDATE job SET tasks_done = tasks_done + 1 WHERE id = NEW.batch;
    END;
    """

  private static let budgets = """
    -- What the ledger has for the task's lease, since when, and what a second of the clock costs.
    ALTER TABLE task ADD COLUMN reserved REAL;
    ALTER TABLE task ADD COLUMN reserved_at REAL;
    ALTER TABLE task ADD COLUMN measure TEXT;
    ALTER TABLE task ADD COLUMN rate REAL;
    -- When its clips were reserved; nothing where they are not.
    ALTER TABLE job ADD COLUMN clips_reserved REAL;
    CREATE INDEX job_clips_reserved ON job (account) WHERE clips_reserved IS NOT NULL;
    ALTER TABLE ledger ADD COLUMN kind TEXT NOT NULL DEFAULT 'settle' CHECK (kind IN ('reserve', 'release', 'settle'));
    -- The ledger's sums by day (of UTC, since 1970).
    CREATE TABLE usage (
      account TEXT NOT NULL,
      measure TEXT NOT NULL,
      day INTEGER NOT NULL,
      amount REAL NOT NULL,
      PRIMARY KEY (account, measure, day)
    ) STRICT, WITHOUT ROWID;
    CREATE TRIGGER ledger_counted AFTER INSERT ON ledger BEGIN
      INSERT INTO usage VALUES (NEW.account, NEW.measure, CAST(NEW.at / 86400 AS INTEGER), NEW.amount)
      ON CONFLICT DO UPDATE SET amount = amount + excluded.amount;
    END;
    """

  private static let fairOrder = """
    -- When it is to have begun by priority, waiting and deadline (Ageing); the order within an account.
    ALTER TABLE job ADD COLUMN due REAL NOT NULL DEFAULT 0;
    UPDATE job SET due = created + (100 - priority) * 600;
    -- When it began, its end was thought to come at this time.
    ALTER TABLE job ADD COLUMN forecast REAL;
    DROP INDEX job_runnable;
    CREATE INDEX job_runnable ON job (account, due, id) WHERE is_batch = 0 AND state IN ('queued', 'running');
    DROP TABLE throughput;
    CREATE TABLE throughput (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      model TEXT NOT NULL,
      stage TEXT NOT NULL,
      kind TEXT NOT NULL,
      device TEXT NOT NULL,
      seconds_per_unit REAL NOT NULL CHECK (seconds_per_unit > 0)
    ) STRICT;
    CREATE INDEX throughput_kind ON throughput (model, stage, kind, device, id);
    """

  private static let batches = """
    -- The batch whose line the job is. A batch itself has neither clips nor tasks nor parameters (JSON null): its
    -- task_count is that of its good lines, its tasks_done that of those that have ended.
    ALTER TABLE job ADD COLUMN batch INTEGER REFERENCES job (id) ON DELETE CASCADE;
    -- Of a line its number; of a batch the last line that is dealt with.
    ALTER TABLE job ADD COLUMN line INTEGER;
    ALTER TABLE job ADD COLUMN is_batch INTEGER NOT NULL DEFAULT 0 CHECK (is_batch IN (0, 1));
    -- Whether lines are still to come.
    ALTER TABLE job ADD COLUMN is_open INTEGER NOT NULL DEFAULT 0 CHECK (is_open IN (0, 1));
    ALTER TABLE job ADD COLUMN refused_lines INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX job_line ON job (batch, line) WHERE batch IS NOT NULL;
    CREATE INDEX job_batch ON job (state) WHERE is_batch = 1;
    CREATE INDEX job_not_done ON job (path) WHERE is_current = 1 AND batch IS NULL AND state != 'done';
    CREATE TRIGGER line_ended AFTER UPDATE OF state ON job
    WHEN NEW.batch IS NOT NULL AND (NEW.state IN ('done', 'failed', 'cancelled')) != (OLD.state IN ('done', 'failed', 'cancelled'))
    BEGIN
      UPDATE job SET tasks_done = tasks_done + iif(NEW.state IN ('done', 'failed', 'cancelled'), 1, -1)
      WHERE id = NEW.batch;
    END;
    CREATE TRIGGER line_added AFTER UPDATE OF batch ON job
    WHEN NEW.batch IS NOT NULL AND NEW.state IN ('done', 'failed', 'cancelled')
    BEGIN
      UPDATE job SET tasks_done = tasks_done + 1 WHERE id = NEW.batch;
    END;
    """

  private static let firstLight = """
    CREATE TABLE store (
      key TEXT PRIMARY KEY,
      value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE account (
      name TEXT PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 64)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE job (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      path TEXT NOT NULL CHECK (path != ''),
      stem TEXT NOT NULL,
      digest TEXT NOT NULL CHECK (length(digest) = 64),
      stamp TEXT NOT NULL,
      request BLOB NOT NULL,
      owner INTEGER NOT NULL,
      -- Whether it is this job that the file at `path` stands for.
      is_current INTEGER NOT NULL CHECK (is_current IN (0, 1)),
      state TEXT NOT NULL CHECK (state IN (
        'queued', 'running', 'publishing', 'done', 'rejected', 'failed', 'cancelled', 'held')),
      reason TEXT CHECK (state NOT IN ('rejected', 'failed', 'held') OR reason IS NOT NULL),
      priority INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 100),
      account TEXT NOT NULL REFERENCES account (name),
      model TEXT,
      parameters TEXT CHECK (state = 'rejected' OR parameters IS NOT NULL),
      clip_count INTEGER NOT NULL DEFAULT 0,
      task_count INTEGER NOT NULL DEFAULT 0,
      tasks_done INTEGER NOT NULL DEFAULT 0 CHECK (tasks_done BETWEEN 0 AND task_count),
      created REAL NOT NULL,
      started REAL,
      finished REAL,
      -- Whether a failed or cancelled job's result file says so.
      is_announced INTEGER NOT NULL DEFAULT 0 CHECK (is_announced IN (0, 1))
    ) STRICT;
    CREATE INDEX job_unannounced ON job (id) WHERE is_announced = 0 AND state IN ('failed', 'cancelled');
    CREATE UNIQUE INDEX job_current ON job (path) WHERE is_current = 1;
    CREATE INDEX job_stem ON job (stem) WHERE is_current = 1;
    CREATE INDEX job_state ON job (state, id);
    CREATE INDEX job_runnable ON job (priority DESC, id) WHERE state IN ('queued', 'running');

    CREATE TABLE clip (
      job INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
      place INTEGER NOT NULL,
      seed INTEGER NOT NULL CHECK (seed >= 0),
      prompt TEXT,
      PRIMARY KEY (job, place)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE task (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      job INTEGER NOT NULL,
      clip INTEGER NOT NULL,
      stage TEXT NOT NULL CHECK (stage IN ('text', 'base', 'sr1', 'sr2', 'decode')),
      chunk INTEGER NOT NULL CHECK (chunk >= 0),
      state TEXT NOT NULL CHECK (state IN ('waiting', 'ready', 'leased', 'done', 'failed')),
      -- Predecessors that are not done yet.
      missing INTEGER NOT NULL CHECK (missing >= 0),
      attempts INTEGER NOT NULL DEFAULT 0,
      failures INTEGER NOT NULL DEFAULT 0,
      kills INTEGER NOT NULL DEFAULT 0,
      -- The attempt that holds the task.
      lease INTEGER CHECK ((state = 'leased') = (lease IS NOT NULL)),
      worker TEXT,
      heartbeat REAL,
      step INTEGER,
      step_count INTEGER,
      not_before REAL,
      result TEXT CHECK ((state = 'done') = (result IS NOT NULL)),
      seconds REAL,
      message TEXT,
      UNIQUE (job, clip, stage, chunk),
      FOREIGN KEY (job, clip) REFERENCES clip (job, place) ON DELETE CASCADE
    ) STRICT;
    CREATE INDEX task_ready ON task (job, id) WHERE state = 'ready';
    CREATE INDEX task_retry ON task (not_before) WHERE state = 'ready' AND not_before IS NOT NULL;
    CREATE INDEX task_leased ON task (id) WHERE state = 'leased';

    CREATE TABLE checkpoint (
      task INTEGER NOT NULL REFERENCES task (id) ON DELETE CASCADE,
      attempt INTEGER NOT NULL,
      step INTEGER NOT NULL CHECK (step >= 0),
      path TEXT NOT NULL,
      sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
      byte_count INTEGER NOT NULL,
      PRIMARY KEY (task, step, attempt)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE ledger (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      account TEXT NOT NULL REFERENCES account (name),
      job INTEGER REFERENCES job (id),
      -- What is counted: cpu_seconds, gpu_seconds, clips, bytes.
      measure TEXT NOT NULL CHECK (measure IN ('cpu_seconds', 'gpu_seconds', 'clips', 'bytes')),
      amount REAL NOT NULL,
      at REAL NOT NULL
    ) STRICT;
    CREATE INDEX ledger_account ON ledger (account, measure, at);
    CREATE TRIGGER ledger_keeps BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
    CREATE TRIGGER ledger_stays BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;

    CREATE TABLE event (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      job INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
      at REAL NOT NULL,
      kind TEXT NOT NULL,
      detail TEXT NOT NULL
    ) STRICT;
    CREATE INDEX event_job ON event (job, id);

    CREATE TABLE throughput (
      model TEXT NOT NULL,
      stage TEXT NOT NULL,
      device TEXT NOT NULL,
      -- A moving average; the newest measurement weighs a fifth.
      seconds_per_unit REAL NOT NULL CHECK (seconds_per_unit > 0),
      measurements INTEGER NOT NULL,
      PRIMARY KEY (model, stage, device)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE state_count (
      state TEXT PRIMARY KEY,
      count INTEGER NOT NULL CHECK (count >= 0)
    ) STRICT, WITHOUT ROWID;
    CREATE TRIGGER job_added AFTER INSERT ON job BEGIN
      UPDATE state_count SET count = count + 1 WHERE state = NEW.state;
    END;
    CREATE TRIGGER job_removed AFTER DELETE ON job BEGIN
      UPDATE state_count SET count = count - 1 WHERE state = OLD.state;
    END;
    CREATE TRIGGER job_moved AFTER UPDATE OF state ON job WHEN NEW.state != OLD.state BEGIN
      UPDATE state_count SET count = count - 1 WHERE state = OLD.state;
      UPDATE state_count SET count = count + 1 WHERE state = NEW.state;
    END;
    CREATE TRIGGER task_moved AFTER UPDATE OF state ON task WHEN (NEW.state = 'done') != (OLD.state = 'done') BEGIN
      UPDATE job SET tasks_done = tasks_done + iif(NEW.state = 'done', 1, -1) WHERE id = NEW.job;
    END;
    """
}
