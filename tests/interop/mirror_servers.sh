# Other people's servers on loopback: git over smart HTTP by lighttpd, sshd, an LFS server, and a real S3 store (radosgw of
# Ceph, one monitor and one OSD in memory). Source it after net.sh, whose trap ends them.

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
open_port() { (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null; }

# test_ca: an authority of our own, ca.pem, and by it a certificate of this machine, tls.pem and tls.key.
test_ca() {
  local to=$WORK
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj '/CN=test authority' \
    -keyout "$to/ca.key" -out "$to/ca.pem" 2> /dev/null &&
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj '/CN=127.0.0.1' -keyout "$to/tls.key" -out "$to/tls.csr" 2> /dev/null &&
  openssl x509 -req -in "$to/tls.csr" -CA "$to/ca.pem" -CAkey "$to/ca.key" -CAcreateserial -days 2 \
    -extfile <(echo 'subjectAltName=IP:127.0.0.1') -out "$to/tls.pem" 2> /dev/null
}

# credential_helper NAME PASSWORD: git's helper, which has these, and says in helper.log what it is asked; what all programs were
# called with meanwhile goes to helper.ps.
credential_helper() {
  export GIT_CONFIG_GLOBAL=$WORK/gitconfig
  cat > "$WORK/helper" << C
#!/bin/sh
asked=\$(cat)
echo "\$1 \$(echo "\$asked" | grep -v ^password= | tr '\n' ' ')" >> "$WORK/helper.log"
ps axww >> "$WORK/helper.ps"
[ "\$1" != get ] || printf 'username=%s\npassword=%s\n' "$1" "$2"
C
  chmod +x "$WORK/helper"
  printf '[credential]\n\thelper = %s/helper\n' "$WORK" > "$GIT_CONFIG_GLOBAL"
  : > "$WORK/helper.log"
}

# web_git FOLDER: serves its repositories; pushing needs mirror:s3cret. Sets GIT_URL (without a password) and GIT_PORT; and where
# lighttpd has TLS, GIT_TLS_URL of the same, whose certificate is by the authority ca.pem.
web_git() {
  command -v lighttpd > /dev/null || return 1
  local top; top=$(realpath "$1"); GIT_PORT=$(free_port)
  echo 'mirror:s3cret' > "$WORK/users"
  cat > "$WORK/lighttpd.conf" << C
server.modules = ("mod_alias", "mod_setenv", "mod_cgi", "mod_auth", "mod_authn_file")
server.port = $GIT_PORT
server.bind = "127.0.0.1"
server.document-root = "$top"
server.errorlog = "$WORK/lighttpd.log"
server.upload-dirs = ("$WORK")
alias.url = ("/git" => "$(git --exec-path)/git-http-backend")
\$HTTP["url"] =~ "^/git" {
  cgi.assign = ("" => "")
  setenv.add-environment = ("GIT_PROJECT_ROOT" => "$top", "GIT_HTTP_EXPORT_ALL" => "", "GIT_CONFIG_GLOBAL" => "$WORK/served.config")
}
auth.backend = "plain"
auth.backend.plain.userfile = "$WORK/users"
\$HTTP["querystring"] =~ "service=git-receive-pack" { auth.require = ("" => ("method" => "basic", "realm" => "git", "require" => "valid-user")) }
\$HTTP["url"] =~ "/git-receive-pack$" { auth.require = ("" => ("method" => "basic", "realm" => "git", "require" => "valid-user")) }
C
  GIT_TLS_URL=
  local tls; tls=$(free_port)
  if test_ca && [ -n "$(find /usr/lib /usr/local/lib -name mod_openssl.so -print -quit 2> /dev/null)" ]; then
    sed -i 's/("mod_alias"/("mod_openssl", "mod_alias"/' "$WORK/lighttpd.conf"
    printf '$SERVER["socket"] == "127.0.0.1:%s" { ssl.engine = "enable"\nssl.pemfile = "%s"\nssl.privkey = "%s" }\n' \
      "$tls" "$WORK/tls.pem" "$WORK/tls.key" >> "$WORK/lighttpd.conf"
    GIT_TLS_URL=https://127.0.0.1:$tls/git
  fi
  printf '[safe]\n\tdirectory = *\n[http]\n\treceivepack = true\n' > "$WORK/served.config"
  lighttpd -D -f "$WORK/lighttpd.conf" > "$WORK/lighttpd.out" 2>&1 &
  started+=($!)
  wait_for 10 open_port "$GIT_PORT" || return 1
  GIT_URL=http://127.0.0.1:$GIT_PORT/git
}

# ssh_git: an sshd for this user alone, with throw-away keys. Sets SSH_PORT, and GIT_SSH for the program.
ssh_git() {
  [ -x /usr/sbin/sshd ] || return 1
  SSH_PORT=$(free_port)
  mkdir -p "$WORK/ssh/bin"; [ "$(id -u)" != 0 ] || mkdir -p /run/sshd
  ssh-keygen -q -t ed25519 -N '' -f "$WORK/ssh/host" && ssh-keygen -q -t rsa -b 2048 -N '' -f "$WORK/ssh/key" || return 1
  cp "$WORK/ssh/key.pub" "$WORK/ssh/authorized"
  echo "[127.0.0.1]:$SSH_PORT $(cut -d' ' -f1,2 "$WORK/ssh/host.pub")" > "$WORK/ssh/known"
  cat > "$WORK/ssh/config" << C
Port $SSH_PORT
ListenAddress 127.0.0.1
HostKey $WORK/ssh/host
AuthorizedKeysFile $WORK/ssh/authorized
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
SetEnv PATH=$WORK/ssh/bin:/usr/local/bin:/usr/bin:/bin GIT_CONFIG_GLOBAL=$WORK/served.config
C
  printf '#!/bin/sh\nexec ssh -F /dev/null -i %s -oUserKnownHostsFile=%s "$@"\n' "$WORK/ssh/key" "$WORK/ssh/known" > "$WORK/ssh/run"
  chmod +x "$WORK/ssh/run"
  printf '[safe]\n\tdirectory = *\n' > "$WORK/served.config.ssh"
  /usr/sbin/sshd -D -f "$WORK/ssh/config" -E "$WORK/ssh/log" &
  started+=($!)
  export GIT_SSH=$WORK/ssh/run
  wait_for 10 open_port "$SSH_PORT"
}

# lfs_server NAME OPTION…: sets LFS_PORT, LFS_PID; what it has is in NAME.objects, its requests in NAME.requests.
lfs_server() {
  local name=$1; shift
  rm -f "$name.port"
  python3 "$HERE/interop/lfs_server.py" --port-file "$name.port" --folder "$name.objects" --log "$name.requests" "$@" 2> "$name.err" &
  LFS_PID=$!
  started+=("$LFS_PID")
  wait_for 10 test -s "$name.port" || { cat "$name.err"; return 1; }
  LFS_PORT=$(cat "$name.port")
}

# ceph_s3 FOLDER: a cluster of one, and radosgw before it, with the keys AKID and s3cret. Sets S3_PORT and S3_LOG.
ceph_s3() {
  local d; d=$(realpath -m "$1")
  command -v radosgw ceph-mon ceph-osd radosgw-admin > /dev/null || return 1
  S3_PORT=$(free_port); S3_LOG=$d/run/client.admin.log
  local v2 v1 osd=5b9a1f48-1111-4222-8333-3af9b46930e2 fsid=0f2c2f5e-6f3b-4c1e-9d8a-1d2c3b4a5f60
  v2=$(free_port); v1=$(free_port)
  mkdir -p "$d/mon" "$d/osd" "$d/run"
  cat > "$d/ceph.conf" << C
[global]
fsid = $fsid
mon host = [v2:127.0.0.1:$v2,v1:127.0.0.1:$v1]
mon initial members = a
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 2000
run dir = $d/run
admin socket = $d/run/\$name.\$pid.asok
pid file =
log file = $d/run/\$name.log
crash dir = $d/run
keyring = $d/keyring
public addr = 127.0.0.1
cluster addr = 127.0.0.1
mon data = $d/mon
osd data = $d/osd
osd objectstore = memstore
memstore device bytes = 1073741824
ms bind ipv6 = false
rgw data = $d
rgw frontends = beast endpoint=127.0.0.1:$S3_PORT
C
  ceph-authtool -C "$d/keyring" --gen-key -n mon. --cap mon 'allow *' &&
    ceph-authtool "$d/keyring" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *' &&
    ceph-authtool "$d/keyring" --gen-key -n osd.0 --cap mon 'allow profile osd' --cap osd 'allow *' &&
    monmaptool --create --addv a "[v2:127.0.0.1:$v2,v1:127.0.0.1:$v1]" --fsid $fsid "$d/monmap" &&
    ceph-mon --mkfs -i a -c "$d/ceph.conf" --monmap "$d/monmap" --keyring "$d/keyring" || return 1
  ceph-mon -f -i a -c "$d/ceph.conf" & started+=($!)
  timeout 30 ceph -c "$d/ceph.conf" osd new $osd && ceph-osd -i 0 -c "$d/ceph.conf" --mkfs --osd-uuid $osd || return 1
  ceph-osd -f -i 0 -c "$d/ceph.conf" & started+=($!)
  timeout 60 radosgw-admin -c "$d/ceph.conf" user create --uid=m --display-name=m --access-key=AKID --secret-key=s3cret || return 1
  radosgw -f -c "$d/ceph.conf" -n client.admin & started+=($!)
  wait_for 60 open_port "$S3_PORT"
}
