# The image of every node of a cluster, and of the service: Python, tlray, Ray. It starts nothing by itself.
#
#   docker build -t tlray .
#   docker run --rm -it -v "$PWD/sets:/home/tlray/.tlray" --shm-size=2g tlray tlray scrape URL --contact you@example.org
#
# deploy/compose.yaml and deploy/kuberay.yaml use it. hadolint reads it in a test; no test builds it.

FROM python:3.11-slim

# wget: KubeRay asks with it whether a node is well. rsync, ssh: `ray up` copies with them.
RUN apt-get update \
    && apt-get install -y --no-install-recommends openssh-client rsync wget \
    && rm -rf /var/lib/apt/lists/*

# What changes seldom goes first: a change of the code installs no package again.
WORKDIR /opt/tlray
COPY constraints.txt pyproject.toml README.md LICENSE ./
RUN mkdir tlray && touch tlray/__init__.py \
    && pip install --no-cache-dir -c constraints.txt . boto3 \
    && pip uninstall -y tlray
COPY . .
RUN pip install --no-cache-dir --no-deps .

# Not root; at a fixed number, which a volume's owner can be set to.
RUN useradd --uid 1000 --create-home tlray && install -d -o tlray -m 700 /home/tlray/.tlray
USER 1000
WORKDIR /home/tlray
# Nobody without the token uses Ray; Ray Serve's proxy believes no X-Forwarded-For, and answers 503 while the service is away.
ENV RAY_AUTH_MODE=token \
    FORWARDED_ALLOW_IPS= \
    RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH=tlray.service.http.unavailable:middlewares \
    PYTHONUNBUFFERED=1
