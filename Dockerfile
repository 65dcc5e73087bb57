# One image for Airflow's services and for the simulated portals: Airflow's official image, the locked
# dependencies, the project. AIRFLOW_IMAGE names another base where the official one cannot be had.
ARG AIRFLOW_IMAGE=apache/airflow:slim-3.3.2-python3.11
FROM ${AIRFLOW_IMAGE}

# A named volume takes owner and mode from the folder of the image that it is first mounted on.
USER root
RUN install -d -o airflow -g 0 -m 0775 /opt/baocao /var/lib/baocao /opt/airflow/accounts
USER airflow
WORKDIR /opt/baocao

# The whole lock with its hashes, over what the base holds: what was tested is what runs.
COPY --chown=airflow:0 requirements.lock ./
# hadolint ignore=DL3042  # the cache is a mount and no part of the image
RUN --mount=type=cache,target=/tmp/pip,uid=50000 \
    pip install --quiet --cache-dir /tmp/pip --require-hashes --requirement requirements.lock

COPY --chown=airflow:0 catalog catalog
COPY --chown=airflow:0 expectations expectations
COPY --chown=airflow:0 simulator simulator
COPY --chown=airflow:0 plugins plugins
COPY --chown=airflow:0 dags dags
COPY --chown=airflow:0 etl etl
COPY --chown=airflow:0 deploy/airflow deploy/airflow

# the commit that the catalog was taken from: the image holds no work tree to ask
ARG BAOCAO_REVISION=
ENV BAOCAO_REVISION=${BAOCAO_REVISION} \
    PYTHONPATH=/opt/baocao:/opt/baocao/plugins \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/baocao/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/baocao/plugins \
    BAOCAO_HOME=/var/lib/baocao \
    BAOCAO_STORE_URL=/var/lib/baocao/store
