# After "make dist": docker build -t accountsd . (with --platform linux/arm64 for the other one)
#   docker run --rm -v accounts:/data accountsd init --company "Sunrise Services" --email ada@example.com
#   docker run -d -v accounts:/data -p 127.0.0.1:8080:8080 accountsd
# To send mail over TLS, or to check the certificate of PostgreSQL, it also needs -v /etc/ssl/certs:/etc/ssl/certs:ro, as there are no certificates in here.
# On PostgreSQL it needs no volume, but -e ACCOUNTSD_DB=postgres://accountsd@db.example.com/accounts and -e PGPASSWORD.
FROM scratch
ARG TARGETARCH=amd64
COPY bin/dist/accountsd-linux-${TARGETARCH} /accountsd
# An empty folder: a new volume takes its owner from what is in its place.
COPY --chown=65532:65532 bin/dist/data/ /data/
USER 65532:65532
WORKDIR /data
VOLUME /data
ENV ACCOUNTSD_DB=/data/accounts.db ACCOUNTSD_ADDR=:8080
EXPOSE 8080
ENTRYPOINT ["/accountsd"]
CMD ["serve"]
