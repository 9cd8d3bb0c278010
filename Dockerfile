# Two images from one build: --target indexer, --target api.

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
# The caches are not part of the layer, so the programs are copied out of them in the same step.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bins -p indexer -p api \
    && cp target/release/indexer target/release/api /usr/local/bin/

FROM debian:bookworm-slim AS runtime
# Certificates for nodes behind TLS; curl for health checks.
RUN apt-get update \
    && apt-get install --no-install-recommends -y ca-certificates curl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --no-create-home --shell /usr/sbin/nologin capacity
USER capacity

FROM runtime AS indexer
COPY --from=build /usr/local/bin/indexer /usr/local/bin/indexer
ENTRYPOINT ["indexer"]
CMD ["run"]

FROM runtime AS api
COPY --from=build /usr/local/bin/api /usr/local/bin/api
EXPOSE 8080
ENTRYPOINT ["api"]
CMD ["serve"]
