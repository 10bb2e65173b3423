#!/usr/bin/env bash
# Runs a command with Debian 13's Swift, for x86-64 Linux without one: debian-swift.sh FOLDER COMMAND...
# The first run puts the toolchain and what it needs into FOLDER, which takes 3.2 GB and a download of 552 MB; nothing is
# installed outside of it. Needs root (for chroot), and apt-get set up for any Debian. Used by hand:
#   make test-swift SWIFT="bindings/swift/debian-swift.sh $HOME/debian-swift swift"
set -euo pipefail
root=$(mkdir -p "$1" && cd "$1" && pwd)
shift

if [ ! -e "$root/complete" ]; then
    mkdir -p "$root"/{var/lib/apt/lists/partial,var/cache/apt/archives/partial,var/lib/dpkg,etc/apt,proc,dev,tmp}
    : > "$root/var/lib/dpkg/status"
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m 1 '/debian/$')
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" > "$root/etc/apt/sources.list"
    printf '%s\n' "Dir \"$root\";" "Dir::State::status \"$root/var/lib/dpkg/status\";" 'APT::Sandbox::User "root";' \
        'APT::Install-Recommends "false";' > "$root/apt.conf"
    APT_CONFIG="$root/apt.conf" apt-get -q update
    APT_CONFIG="$root/apt.conf" apt-get -qy install --download-only swiftlang libc6-dev libstdc++-14-dev bash coreutils
    for folder in bin sbin lib lib64; do
        mkdir -p "$root/usr/$folder"
        ln -sfn "usr/$folder" "$root/$folder"
    done
    for package in "$root"/var/cache/apt/archives/*.deb; do
        dpkg-deb --extract "$package" "$root"
    done
    rm -r "$root/var/cache/apt/archives"
    touch "$root/complete"
fi

# In a mount namespace of its own, so that nothing stays mounted; the repository is where it is outside.
here=$(pwd)
mkdir -p "$root$here"
exec unshare --mount bash -euc '
    root=$1 here=$2
    shift 2
    mount --bind "$here" "$root$here"
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    exec chroot "$root" /usr/bin/env HOME=/tmp PATH=/usr/libexec/swift/bin:/usr/bin LIBDIFFUSION_FOLDER="${LIBDIFFUSION_FOLDER:-}" \
        bash -c "cd \"\$0\" && exec \"\$@\"" "$here" "$@"
' bash "$root" "$here" "$@"
