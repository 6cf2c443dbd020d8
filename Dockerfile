# An image of the service: docs/operate.md, "In a container", says what can be chosen, and how it is run.

# python:3.13-slim of September 2026 (Python 3.13.15 on Debian 13). Any image with Python 3.11 or newer, its
# module venv, and libstdc++, does as well: --build-arg BASE=...
ARG BASE=python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b
# external, or embedded: with a PostgreSQL of its own, to try the service
ARG DATABASE


FROM ${BASE} AS build
WORKDIR /build
RUN python3 -m venv tools && python3 -m venv --without-pip /opt/booking

# All that is locked is fetched and held against its hash. The secret "pip" is a pip.conf, where packages have another source.
COPY requirements.lock .ci/build.lock ./
RUN --mount=type=cache,target=/root/.cache/pip --mount=type=secret,id=pip,target=/etc/pip.conf \
    tools/bin/pip install --require-hashes -r build.lock && \
    tools/bin/pip wheel --no-deps --require-hashes -r requirements.lock --wheel-dir wheels

COPY pyproject.toml README.md LICENSE ./
COPY migrations migrations
COPY app app
RUN tools/bin/pip wheel --no-deps --no-build-isolation . --wheel-dir made

# Of that, what the service needs is installed, and nothing that is not there. Extras: names after commas, such as "embedded".
ARG DATABASE
ARG EXTRAS=""
RUN if [ "$DATABASE" = embedded ]; then EXTRAS="embedded${EXTRAS:+,$EXTRAS}"; fi && \
    tools/bin/pip --python /opt/booking/bin/python install --no-cache-dir --no-index --find-links wheels --find-links made \
        "booking-resources${EXTRAS:+[$EXTRAS]}"


FROM ${BASE} AS database-external
LABEL org.opencontainers.image.title="Booking Resources" \
      org.opencontainers.image.description="See, filter, accept and reject bookings; no two bookings ever overlap" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="MIT"
# pip of the base is of no use any more
RUN rm -rf /usr/local/bin/pip* /usr/local/lib/python3*/ensurepip /usr/local/lib/python3*/site-packages/pip* && \
    echo "booking:x:10001:" >> /etc/group && \
    echo "booking:x:10001:10001::/nonexistent:/usr/sbin/nologin" >> /etc/passwd
COPY --from=build /opt/booking /opt/booking
ENV PATH=/opt/booking/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 BOOKING_HEALTH_PORT=8001
USER 10001:10001
WORKDIR /
EXPOSE 8000 8001
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["sh", "-c", "exec python -m app.monitoring.healthcheck $BOOKING_HEALTH_PORT"]
ENTRYPOINT ["booking"]
CMD ["serve", "--host", "0.0.0.0"]


FROM database-external AS database-embedded
USER 0:0
RUN install -d -o 10001 -g 10001 -m 700 /var/lib/booking
USER 10001:10001
ENV BOOKING_DATA_DIR=/var/lib/booking
VOLUME /var/lib/booking


# one of the two above
# hadolint ignore=DL3006
FROM database-${DATABASE:-external}
