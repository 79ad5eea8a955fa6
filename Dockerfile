# Everything in `scep`, as a static binary in an image that holds nothing else; it starts the mock.
#
#   docker build -t scep .
#   docker run --rm -p 8080:8080 -p 8081:8081 -e SCEP_CONTROL_TOKEN=choose-one scep
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
# glibc, linked statically: the target has to be named, or build scripts would be linked so, too
ENV RUSTFLAGS="-C target-feature=+crt-static"
RUN target=$(rustc -vV | sed -n 's/^host: //p') \
    && cargo build --release --locked --package scep-cli --bin scep --target "$target" \
    && cp "target/$target/release/scep" /scep

FROM scratch
COPY --from=build /scep /scep
USER 65534:65534
EXPOSE 8080 8081
ENTRYPOINT ["/scep"]
CMD ["mock", "--listen", "0.0.0.0:8080", "--control-listen", "0.0.0.0:8081", "--allow-remote"]
