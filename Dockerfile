# reprosep with all that it needs, in the versions of envs/: those that `make demo` installs elsewhere, by the same scripts.
#
#   docker build -t reprosep .                                                    # for processors
#   docker build -t reprosep:cuda --build-arg TORCH_INDEX= .                      # for NVIDIA GPUs: torch's public build
#
# The code of the image, results in a folder here; and a clone's code with the packages of the image:
#   docker run --rm -v "$PWD/results:/opt/reprosep/results" reprosep make demo
#   docker run --rm -v "$PWD:/opt/reprosep" -v /opt/reprosep/.venv reprosep make demo
# With GPUs:
#   docker run --rm --gpus all -v "$PWD/results:/opt/reprosep/results" reprosep:cuda make demo
# Single steps on files of one's own:
#   docker run --rm -v "$PWD:/work" -w /work reprosep reprosep --help
#
# As the image of `snakemake --sdm apptainer` (machine.container in params.yaml), on clusters without Docker:
#   docker save reprosep -o reprosep.tar && apptainer build reprosep.sif docker-archive://reprosep.tar

FROM debian:bookworm-slim

# Where torch is fetched from; empty: pip's own index, whose build for Linux brings CUDA.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu

RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-venv git make ca-certificates

WORKDIR /opt/reprosep

# What the packages depend on comes first, so that a change of code installs none of them anew.
COPY envs envs
RUN sh envs/system.sh python3 && rm -rf /var/lib/apt/lists/* .venv.apt.log
COPY pyproject.toml README.md Makefile ./
COPY src/reprosep/__init__.py src/reprosep/__init__.py
COPY src/reprosep/base src/reprosep/base
COPY src/reprosep/installation src/reprosep/installation
RUN sh envs/install.sh run "$TORCH_INDEX" python3 && rm -rf /root/.cache/pip .venv.log .venv.lock

# .git too: every result tells the commit of its code. Whoever runs the image may not own it.
COPY . .
ENV PATH=/opt/reprosep/.venv/bin:$PATH \
    GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=*

CMD ["reprosep", "--help"]
