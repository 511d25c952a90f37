#!/bin/bash
# Makes sure that what the tests need beside Python and Node.js is installed and answers: PostgreSQL,
# MariaDB, NATS, RabbitMQ, a C compiler, Chromium, three proxies and PgBouncer. Quick when all is
# there. Installs on Debian and Ubuntu when run as root.
#
# The tests sign in at both databases over 127.0.0.1 as quad_test, password quad_test. A database
# whose address is in QUAD_TEST_POSTGRESQL or QUAD_TEST_MARIADB is left to whoever set that; so are
# the brokers of QUAD_TEST_NATS and QUAD_TEST_RABBITMQ.
set -euo pipefail

DEADLINE_S=60
ACCOUNT=quad_test

fail() {
    echo "tests cannot run: $*" >&2
    exit 1
}

is_root() { [ "$(id -u)" = 0 ]; }

# --- packages -------------------------------------------------------------------------------------

chromium_exists() {
    local name
    for name in chromium-headless-shell chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$name" >/dev/null && return 0
    done
    return 1
}

# The same browser without windows needs a third of the time; old distributions do not have it.
ensure_quick_chromium() {
    command -v chromium-headless-shell >/dev/null && return
    if is_root && command -v apt-get >/dev/null && [ -n "$(apt-cache show chromium-headless-shell 2>/dev/null)" ]; then
        echo "installing chromium-headless-shell ..."
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
            chromium-headless-shell >/dev/null || echo "it could not be installed; the slower Chromium will do"
    fi
}

# Whoever has them runs the configurations of docs/how-to/operate.md; elsewhere their tests are skipped.
ensure_proxies() {
    local names=""
    [ -x /usr/sbin/nginx ] || command -v nginx >/dev/null || names+=" nginx"
    [ -x /usr/sbin/haproxy ] || command -v haproxy >/dev/null || names+=" haproxy"
    [ -x /usr/sbin/apache2 ] || names+=" apache2-bin"
    [ -x /usr/sbin/pgbouncer ] || command -v pgbouncer >/dev/null || names+=" pgbouncer"
    command -v openssl >/dev/null || names+=" openssl"
    if [ -n "$names" ] && is_root && command -v apt-get >/dev/null; then
        echo "installing$names ..."
        # shellcheck disable=SC2086
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $names \
            >/dev/null || echo "they could not be installed: no tests behind them"
    fi
}

missing_packages() {
    if [ -z "${QUAD_TEST_MARIADB:-}" ]; then
        [ -x /usr/sbin/mariadbd ] || command -v mariadbd >/dev/null || echo mariadb-server
    fi
    if [ -z "${QUAD_TEST_POSTGRESQL:-}" ]; then
        command -v pg_ctlcluster >/dev/null || echo postgresql
    fi
    # Also for the servers that tests kill.
    [ -x /usr/sbin/nats-server ] || command -v nats-server >/dev/null || echo nats-server
    if [ -z "${QUAD_TEST_RABBITMQ:-}" ]; then
        [ -x /usr/sbin/rabbitmq-server ] || command -v rabbitmq-server >/dev/null || echo rabbitmq-server
    fi
    command -v curl >/dev/null || echo curl
    # The load generator of the benchmark is in C.
    command -v cc >/dev/null || echo gcc libc6-dev
    chromium_exists || echo chromium
}

install_missing() {
    local packages
    packages=$(missing_packages | tr '\n' ' ')
    [ -z "$packages" ] && return
    is_root || fail "these packages are missing and only root may install them: $packages"
    command -v apt-get >/dev/null || fail "these are missing and there is no apt-get: $packages"
    echo "installing $packages..."
    # A partly stale package index is no reason to stop: the installation says what it lacks.
    apt-get update -qq || true
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages \
        >/dev/null || fail "apt-get could not install: $packages"
}

# --- databases ------------------------------------------------------------------------------------

wait_for() {
    local name=$1 answers=$2 end=$((SECONDS + DEADLINE_S))
    until "$answers"; do
        [ "$SECONDS" -lt "$end" ] || fail "$name did not answer within $DEADLINE_S s of its start."
        sleep 0.2
    done
}

postgresql_runs() { pg_isready --quiet --host 127.0.0.1; }

postgresql_open() {
    PGPASSWORD=$ACCOUNT PGCONNECT_TIMEOUT=5 \
        psql --host 127.0.0.1 --username "$ACCOUNT" --dbname postgres --quiet --command 'select 1' \
        >/dev/null 2>&1
}

start_postgresql() {
    local version
    version=$(pg_lsclusters --no-header | awk '$2 == "main" { print $1 }' | tail -1)
    [ -n "$version" ] || fail "PostgreSQL is installed, but has no cluster called main."
    echo "starting PostgreSQL $version ..."
    pg_ctlcluster --skip-systemctl-redirect "$version" main start \
        || fail "PostgreSQL $version does not start: see /var/log/postgresql."
    wait_for PostgreSQL postgresql_runs
}

ensure_postgresql() {
    postgresql_open && return
    is_root || fail "PostgreSQL on 127.0.0.1 does not let $ACCOUNT in, and only root may arrange that."
    postgresql_runs || start_postgresql
    su postgres -c "psql --quiet --dbname postgres" <<SQL >/dev/null || fail "no role $ACCOUNT."
do \$\$ begin
    if not exists (select from pg_roles where rolname = '$ACCOUNT') then
        create role $ACCOUNT superuser login;
    end if;
end \$\$;
alter role $ACCOUNT superuser login password '$ACCOUNT';
SQL
    postgresql_open || fail "PostgreSQL runs, but does not let $ACCOUNT in on 127.0.0.1:5432."
}

mariadb_runs() { mariadb-admin --connect-timeout=5 ping >/dev/null 2>&1; }

mariadb_open() {
    mariadb --host=127.0.0.1 --user="$ACCOUNT" --password="$ACCOUNT" --connect-timeout=5 \
        --execute='select 1' >/dev/null 2>&1
}

start_mariadb() {
    echo "starting MariaDB ..."
    install -d -o mysql -g mysql /run/mysqld
    start-stop-daemon --start --quiet --oknodo --background --exec /usr/sbin/mariadbd
    wait_for MariaDB mariadb_runs
}

ensure_mariadb() {
    mariadb_open && return
    is_root || fail "MariaDB on 127.0.0.1 does not let $ACCOUNT in, and only root may arrange that."
    mariadb_runs || start_mariadb
    # localhost, too: with name resolution on, a connection from 127.0.0.1 counts as localhost.
    mariadb <<SQL || fail "MariaDB runs, but root may not create the account $ACCOUNT."
create user if not exists '$ACCOUNT'@'localhost' identified by '$ACCOUNT';
create user if not exists '$ACCOUNT'@'127.0.0.1' identified by '$ACCOUNT';
grant all privileges on *.* to '$ACCOUNT'@'localhost';
grant all privileges on *.* to '$ACCOUNT'@'127.0.0.1';
SQL
    mariadb_open || fail "MariaDB runs, but does not let $ACCOUNT in on 127.0.0.1:3306."
}

# --- brokers --------------------------------------------------------------------------------------

answers_on() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

nats_runs() { answers_on 4222; }

ensure_nats() {
    nats_runs && return
    echo "starting NATS ..."
    # By a file of its own: other servers may run, which tests have started.
    start-stop-daemon --start --quiet --oknodo --background --make-pidfile \
        --pidfile "${TMPDIR:-/tmp}/quad-test-nats.pid" \
        --exec "$(PATH="$PATH:/usr/sbin" command -v nats-server)" -- --addr 127.0.0.1 --port 4222
    wait_for NATS nats_runs
}

rabbitmq_runs() { answers_on 5672; }

ensure_rabbitmq() {
    rabbitmq_runs && return
    is_root || fail "RabbitMQ does not answer on 127.0.0.1:5672, and only root may start it."
    echo "starting RabbitMQ ..."
    # As the package's own account, and on this machine alone.
    RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 start-stop-daemon --start --quiet --oknodo --background \
        --exec /usr/sbin/rabbitmq-server
    wait_for RabbitMQ rabbitmq_runs
}

install_missing
ensure_quick_chromium
ensure_proxies
[ -n "${QUAD_TEST_POSTGRESQL:-}" ] || ensure_postgresql
[ -n "${QUAD_TEST_MARIADB:-}" ] || ensure_mariadb
[ -n "${QUAD_TEST_NATS:-}" ] || ensure_nats
[ -n "${QUAD_TEST_RABBITMQ:-}" ] || ensure_rabbitmq
