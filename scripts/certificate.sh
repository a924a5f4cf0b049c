# A certificate for localhost, for `./run --tls` and the tests. Sourced.

# makeCertificate FOLDER: makes FOLDER/localhost.pem and FOLDER/localhost.key, and FOLDER/ca.pem, which
# vouches for them; says how to trust it. Does nothing if they are there and valid for another week.
#
# The key of ca.pem is gone when this returns: whoever trusts ca.pem trusts this one certificate.
makeCertificate() {
  local folder=$1 made
  if ! openssl x509 -checkend 604800 -noout -in "$folder/localhost.pem" >/dev/null 2>&1; then
    mkdir -p "$folder"
    made=$(mktemp -d "$folder/new.XXXXXX")
    if ! signCertificate "$made" 2>"$folder/openssl.log"; then
      cat "$folder/openssl.log" >&2
      rm -r "$made"
      return 1
    fi
    rm -f "$made/ca.key" "$made/localhost.csr" "$made/localhost.ext"
    mv "$made"/* "$folder"
    rmdir "$made"
  fi
  cat >&2 <<TEXT
The certificate is vouched for by $folder/ca.pem. To trust it:
  curl     --cacert $folder/ca.pem
  duplex   connect --ca $folder/ca.pem wss://localhost:5000
  Node     NODE_EXTRA_CA_CERTS=$folder/ca.pem
  Chromium certutil -d sql:\$HOME/.pki/nssdb -A -t C,, -n "duplex localhost" -i $folder/ca.pem
  Firefox  Settings, Certificates, Authorities, Import
  system   cp $folder/ca.pem /usr/local/share/ca-certificates/duplex.crt && update-ca-certificates
TEXT
}

# signCertificate FOLDER: an authority, and a certificate of its for this machine.
signCertificate() {
  local folder=$1
  local curve=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
  openssl req -x509 "${curve[@]}" -keyout "$folder/ca.key" -out "$folder/ca.pem" -days 365 \
    -subj "/CN=duplex localhost" -addext "keyUsage=critical,keyCertSign" &&
    openssl req -new "${curve[@]}" -keyout "$folder/localhost.key" -out "$folder/localhost.csr" \
      -subj "/CN=localhost" &&
    printf '%s\n' "subjectAltName=DNS:localhost,DNS:*.localhost,IP:127.0.0.1,IP:::1" \
      "basicConstraints=critical,CA:FALSE" "extendedKeyUsage=serverAuth" >"$folder/localhost.ext" &&
    openssl x509 -req -in "$folder/localhost.csr" -CA "$folder/ca.pem" -CAkey "$folder/ca.key" \
      -days 365 -extfile "$folder/localhost.ext" -out "$folder/localhost.pem"
}
