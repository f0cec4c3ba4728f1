# Portico as a container image: the program, the C library it needs, certificate authorities, and nothing else: no shell,
# no package manager. docs/operate/deploy.md says how it is run.
#
#   docker build --target portico -t portico .
#   docker build --target clinic -t portico-clinic .      the example application
#
# For a build that can be repeated byte for byte, name the image below by its digest:
# FROM rust:1.95.0-slim-bookworm@sha256:…

FROM rust:1.95.0-slim-bookworm AS build
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates make perl \
 && rm -rf /var/lib/apt/lists/*
# The folder that scripts/release builds in too: it stands in what OpenSSL knows about itself.
WORKDIR /srv
COPY . .
ARG SOURCE_DATE_EPOCH=0
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    cargo install cargo-auditable --version 0.7.7 --locked
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/srv/target \
    scripts/release --compile /binaries

# What the image holds. Each program brings the libraries that it names; the loader's path is in the program itself.
RUN mkdir -p /image/etc/ssl/certs /image/usr/bin /image/data \
 && cp /binaries/idp /image/usr/bin/idp \
 && ldd /binaries/idp | grep -o '/[^ ]*' | while read -r library; do \
      mkdir -p "/image$(dirname "$library")" && cp -L "$library" "/image$library"; \
    done \
 && cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ \
 && echo 'hosts: files dns' > /image/etc/nsswitch.conf \
 && echo 'portico:x:65532:65532::/var/lib/portico:/nonexistent' > /image/etc/passwd \
 && echo 'portico:x:65532:' > /image/etc/group

# Apart from the program, whose crates must not get features that only the example wants.
FROM build AS build-clinic
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/srv/target \
    cargo build --release --locked --package idp --example clinic \
 && cp target/release/examples/clinic /binaries/clinic

FROM scratch AS portico
COPY --from=build /image/etc /etc
COPY --from=build /image/lib /lib
COPY --from=build /image/lib64 /lib64
COPY --from=build /image/usr /usr
# A volume that is mounted here for the first time takes over whose it is.
COPY --from=build --chown=65532:65532 --chmod=0700 /image/data /var/lib/portico
USER 65532:65532
ENV IDP_DATA_DIR=/var/lib/portico \
    IDP_HTTP__LISTEN=0.0.0.0:8080 \
    IDP_LOG__FORMAT=json
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s --retries=3 CMD ["/usr/bin/idp", "ready"]
ENTRYPOINT ["/usr/bin/idp"]
CMD ["serve"]

# The example application, which is no part of the product.
FROM portico AS clinic
COPY --from=build-clinic /binaries/clinic /usr/bin/clinic
HEALTHCHECK NONE
ENTRYPOINT ["/usr/bin/clinic"]
CMD []

FROM portico
