# What duplex is built and tested with on Debian 12, and how it gets onto the machine. Sourced by
# run and test, which stand at the root of the repository.

# To build and to run.
buildPackages=(
  g++ cmake ninja-build ccache pkg-config
  libssl-dev libboost1.81-dev libboost-url1.81-dev libsimdjson-dev libc-ares-dev liburing-dev
  libisal-dev zlib1g-dev
  libfmt-dev libspdlog-dev libcli11-dev nlohmann-json3-dev doctest-dev
)
# For the checks, the raw-socket and the interoperability tests.
testPackages=(nodejs npm python3 python3-websockets curl openssl)
# For what `./test --quick` leaves out.
fullTestPackages=(clang libclang-rt-14-dev llvm clang-format chromium dpkg-dev file)

# These may be there without Debian's package of that name; what counts is that the command works.
declare -A commandOf=([nodejs]=node [npm]=npm)

say() { printf '%s\n' "$*" >&2; }

# missingPackages PACKAGE…: prints those that are not installed.
missingPackages() {
  local installed package
  installed=" $(dpkg-query --show --showformat='${Package}=${db:Status-Status} ' "$@" 2>/dev/null || true) "
  for package in "$@"; do
    if [[ -n ${commandOf[$package]:-} ]]; then
      command -v "${commandOf[$package]}" >/dev/null || printf '%s\n' "$package"
    elif [[ $installed != *" $package=installed "* ]]; then
      printf '%s\n' "$package"
    fi
  done
}

# installPackages PACKAGE…: installs those that are missing, after saying which.
installPackages() {
  if ! command -v apt-get >/dev/null; then
    say "No apt-get here; these Debian 12 packages, or what they hold, are taken to be installed: $*"
    return
  fi
  local missing asRoot=()
  mapfile -t missing < <(missingPackages "$@")
  [[ ${#missing[@]} -gt 0 ]] || return 0
  [[ $(id -u) -eq 0 ]] || asRoot=(sudo)
  say "Installing with apt: ${missing[*]}"
  local log
  if ! log=$("${asRoot[@]}" apt-get update -qq 2>&1 &&
    "${asRoot[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" 2>&1); then
    say "$log"
    return 1
  fi
}

# build PRESET [NINJA ARGUMENT…]: configures and builds into build/PRESET. Shows ninja's progress in
# a terminal; elsewhere only what goes wrong.
build() {
  local preset=$1 log quiet=()
  shift
  [[ -t 1 ]] || quiet=(--quiet)
  if ! log=$(cmake --preset "$preset" 2>&1); then
    say "$log"
    return 1
  fi
  cmake --build "build/$preset" --parallel "$(nproc)" -- "${quiet[@]}" "$@"
}
