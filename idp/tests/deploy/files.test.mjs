// What the files for containers, Kubernetes and systemd have to keep to (security: S8, S32), and that they agree.

import assert from 'node:assert/strict';
import { BlockList, isIPv6 } from 'node:net';
import { test } from 'node:test';
import { compose, dockerfile, kubernetes, read, unit, variablesOfCluster } from './files.mjs';

const services = Object.entries(compose.services);
const NODES = ['node-1', 'node-2'];
/** Those that do something once and end. */
const ONCE = ['secrets', 'migrate'];
const seconds = (text) => Number(/^(\d+)s$/.exec(text)[1]);
const sorted = (names) => [...names].sort();

test('S32: every container is closed: its root read-only, no capabilities, no way to more rights', () => {
  for (const [name, service] of services) {
    assert.equal(service.read_only, true, name);
    assert.deepEqual(service.cap_drop, ['ALL'], name);
    assert.deepEqual(service.security_opt, ['no-new-privileges:true'], name);
    assert.ok(service.pids_limit > 0, name);
    for (const wide of ['privileged', 'pid', 'ipc', 'devices', 'userns_mode', 'group_add']) {
      assert.equal(service[wide], undefined, `${name}: ${wide}`);
    }
    if (name !== 'secrets') assert.equal(service.cap_add, undefined, name);
  }
});

test('S32: only what makes the secrets is root, without a network, and no two others are the same user', () => {
  const users = new Map();
  for (const [name, service] of services) {
    assert.match(service.user, /^\d+:\d+$/, name);
    const uid = Number(service.user.split(':')[0]);
    if (name === 'secrets') {
      assert.equal(service.network_mode, 'none');
      continue;
    }
    assert.notEqual(uid, 0, name);
    users.set(uid, [...(users.get(uid) ?? []), name]);
  }
  const shared = [...users.values()].filter((names) => names.length > 1);
  assert.deepEqual(shared, [['migrate', ...NODES]]);
});

test('S8: no secret stands in a file, in a variable or in an argument', () => {
  for (const path of ['docker-compose.yml', 'docs/operate/kubernetes.yaml', 'docs/operate/portico.service', 'Dockerfile']) {
    assert.doesNotMatch(read(path), /:\/\/[^/\s]*:[^/\s]*@/, `${path} has a password in an address`);
  }
  const variables = [
    ...services.flatMap(([, service]) => Object.entries(service.environment ?? {})),
    ...kubernetes.Deployment.spec.template.spec.containers[0].env.map(({ name, value }) => [name, value]),
    ...unit('docs/operate/portico.service').get('Environment').map((line) => line.split('=')),
  ];
  assert.ok(variables.length > 40);
  for (const [name, value] of variables) {
    if (!/PASSWORD|SECRET|KEY|TOKEN|(DATABASE|REDIS)__URL/.test(name)) continue;
    assert.match(name, /_FILE$|_TLS_KEY$/, `${name} is a secret's own value`);
    assert.match(value, /^(\/run\/|%d\/)/, name);
  }
});

test('S8: each secret is in the folder of the one user who reads it', () => {
  const owners = new Map(
    compose.services.secrets.environment.PORTICO_OWNERS.split(' ').map((pair) => pair.split('=')),
  );
  for (const [name, service] of services.filter(([name]) => name !== 'secrets')) {
    const places = JSON.stringify([service.environment, service.command, service.healthcheck]);
    const folders = new Set([...places.matchAll(/\/run\/portico\/(\w+)\//g)].map(([, folder]) => folder));
    for (const folder of folders) assert.equal(`${owners.get(folder)}:${owners.get(folder)}`, service.user, name);
    const volume = service.volumes.find((volume) => volume.startsWith('secrets:'));
    assert.equal(volume, 'secrets:/run/portico:ro', name);
  }
});

test('nothing is published beyond this machine but the proxy', () => {
  for (const [name, service] of services) {
    for (const port of service.ports ?? []) {
      assert.ok(port.startsWith('127.0.0.1:') || (name === 'proxy' && port === '8443:8443'), `${name}: ${port}`);
    }
  }
  assert.deepEqual(compose.services.database.networks, ['back']);
  assert.deepEqual(compose.services.redis.networks, ['back']);
  assert.equal(compose.networks.back.internal, true);
});

test('whatever goes on is watched, started again, and started after what it needs', () => {
  for (const [name, service] of services) {
    assert.equal(service.restart, ONCE.includes(name) ? 'no' : 'unless-stopped', name);
    // The image of a node looks after itself; the example is no part of the product.
    if (![...ONCE, ...NODES, 'clinic'].includes(name)) assert.ok(service.healthcheck.test.length > 0, name);
    for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
      const expected = ONCE.includes(other) ? 'service_completed_successfully' : 'service_healthy';
      assert.equal(condition, expected, `${name} after ${other}`);
    }
  }
});

test('every image has a version', () => {
  const images = services.filter(([, service]) => !service.build).map(([, service]) => service.image);
  const stages = dockerfile.filter(({ instruction }) => instruction === 'FROM').map(({ rest }) => rest.split(' AS '));
  const names = new Set(stages.map(([, name]) => name));
  const bases = stages.map(([image]) => image).filter((image) => image !== 'scratch' && !names.has(image));
  for (const image of [...images, ...bases]) assert.match(image, /^[\w/]+:v?\d+(\.\d+)*(-[a-z]+)*$/, image);
});

test('a node is given the time that it asks for to end', () => {
  const { IDP_HTTP__SHUTDOWN_DELAY_SECONDS: delay, IDP_HTTP__SHUTDOWN_GRACE_SECONDS: grace } =
    compose.services['node-1'].environment;
  assert.ok(seconds(compose.services['node-1'].stop_grace_period) > Number(delay) + Number(grace));
  const [spec] = [kubernetes.Deployment.spec.template.spec];
  const value = (name) => Number(spec.containers[0].env.find((variable) => variable.name === name).value);
  const both = value('IDP_HTTP__SHUTDOWN_DELAY_SECONDS') + value('IDP_HTTP__SHUTDOWN_GRACE_SECONDS');
  assert.ok(spec.terminationGracePeriodSeconds > both);
  // The proxy has to see twice that a node is leaving, within the delay.
  const [, interval, fall] = /check inter (\d+)s fall (\d+)/.exec(read('config/cluster/haproxy.cfg'));
  assert.ok(Number(interval) * (Number(fall) + 1) < Number(delay));
});

test('the containers and the processes of scripts/cluster are the same ones, with the same settings', () => {
  const script = read('scripts/cluster');
  const started = new Set([...script.matchAll(/\bstart "?([a-z]+)(?:-\$\w+)?"?/g)].map(([, name]) => name));
  started.delete('node');
  const expected = services.map(([name]) => name).filter((name) => ![...ONCE, ...NODES].includes(name));
  assert.deepEqual(sorted(started), sorted(expected));
  assert.match(script, /config\/cluster\/prepare/);
  assert.match(script, / migrate >>/);
  for (const [array, service, elsewhere] of [
    ['environment', 'node-1', ['IDP_HTTP__LISTEN']],
    ['clinic', 'clinic', []],
    ['proxy', 'proxy', ['PORTICO_NODE_1', 'PORTICO_NODE_2']],
  ]) {
    const here = variablesOfCluster(array);
    here.delete('PATH');
    const there = new Map(Object.entries(compose.services[service].environment));
    const names = [...here.keys(), ...elsewhere];
    if (service === 'node-1') names.push('SSL_CERT_FILE');
    assert.deepEqual(sorted(names), sorted(there.keys()), service);
    for (const [name, value] of here) {
      const place = /[$]|127\.0\.0\.1/.test(value);
      if (!place) assert.equal(value, there.get(name), name);
    }
    for (const name of elsewhere.filter((name) => !name.startsWith('PORTICO'))) assert.match(script, new RegExp(name));
  }
});

test('S32: the image is the program and no shell, and runs as nobody in particular', () => {
  const from = dockerfile.map(({ instruction, rest }) => (instruction === 'FROM' ? rest : null));
  const begins = from.indexOf('scratch AS portico');
  const ends = from.findIndex((rest, index) => index > begins && rest !== null);
  const stage = dockerfile.slice(begins + 1, ends);
  const said = (name) => stage.filter(({ instruction }) => instruction === name).map(({ rest }) => rest);
  assert.deepEqual(said('USER'), ['65532:65532']);
  assert.deepEqual(said('ENTRYPOINT'), ['["/usr/bin/idp"]']);
  assert.match(said('HEALTHCHECK')[0], /CMD \["\/usr\/bin\/idp", "ready"\]$/);
  assert.deepEqual(said('RUN'), []);
  assert.ok(said('COPY').every((rest) => rest.startsWith('--from=build ')));
});

test('S31: the image is built with the toolchain of a release', () => {
  const [, toolchain] = /^TOOLCHAIN=(.+)$/m.exec(read('scripts/release'));
  const [, image] = /^FROM rust:([\d.]+)-/m.exec(read('Dockerfile'));
  assert.equal(image, toolchain);
  const [, least] = /^rust-version = "(.+)"$/m.exec(read('Cargo.toml'));
  const number = (text) => Number(text.split('.')[0]) * 1000 + Number(text.split('.')[1]);
  assert.ok(number(toolchain) >= number(least));
});

test('S32: on Kubernetes a pod is as closed as a container, and three are never fewer than two', () => {
  const { spec } = kubernetes.Deployment;
  const pod = spec.template.spec;
  assert.equal(pod.automountServiceAccountToken, false);
  assert.equal(pod.securityContext.runAsNonRoot, true);
  assert.equal(pod.securityContext.seccompProfile.type, 'RuntimeDefault');
  for (const container of [...pod.initContainers, ...pod.containers]) {
    assert.deepEqual(container.securityContext, {
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
    });
  }
  const [main] = pod.containers;
  assert.equal(main.livenessProbe.httpGet.path, '/livez');
  assert.equal(main.readinessProbe.httpGet.path, '/readyz');
  assert.equal(spec.strategy.rollingUpdate.maxUnavailable, 0);
  assert.ok(kubernetes.PodDisruptionBudget.spec.minAvailable < spec.replicas);
  const labels = spec.template.metadata.labels;
  for (const selector of [
    spec.selector.matchLabels,
    kubernetes.Service.spec.selector,
    kubernetes.PodDisruptionBudget.spec.selector.matchLabels,
    kubernetes.NetworkPolicy.spec.podSelector.matchLabels,
    ...pod.topologySpreadConstraints.map((constraint) => constraint.labelSelector.matchLabels),
  ]) {
    assert.deepEqual(selector, labels);
  }
});

test('S32: on Kubernetes only the proxy reaches a pod, and no pod reaches the credentials of its machine', () => {
  const { policyTypes, ingress, egress } = kubernetes.NetworkPolicy.spec;
  assert.deepEqual(sorted(policyTypes), ['Egress', 'Ingress']);
  for (const { from, ports } of ingress) {
    assert.ok(from.length > 0);
    for (const who of from) assert.ok(Object.keys(who.namespaceSelector.matchLabels).length > 0);
    assert.deepEqual(ports, [{ protocol: 'TCP', port: kubernetes.Deployment.spec.template.spec.containers[0].ports[0].name }]);
  }
  const [names, elsewhere, ...others] = egress;
  assert.deepEqual(others, []);
  assert.equal(names.to, undefined);
  assert.ok(names.ports.every(({ port }) => port === 53));
  const reached = new BlockList();
  const kept = new BlockList();
  const add = (list, cidr) => {
    const [network, prefix] = cidr.split('/');
    list.addSubnet(network, Number(prefix), isIPv6(network) ? 'ipv6' : 'ipv4');
  };
  for (const { ipBlock } of elsewhere.to) {
    add(reached, ipBlock.cidr);
    for (const cidr of ipBlock.except) add(kept, cidr);
  }
  for (const address of ['169.254.169.254', '169.254.170.2', '168.63.129.16', 'fd00:ec2::254', 'fd20:ce::254', 'fe80::a9fe:a9fe']) {
    assert.ok(kept.check(address, isIPv6(address) ? 'ipv6' : 'ipv4'), address);
  }
  for (const address of ['10.0.0.5', '203.0.113.9', '2001:db8::5', 'fd12::5']) {
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    assert.ok(reached.check(address, family) && !kept.check(address, family), address);
  }
});

test('S32, S8: the unit of systemd closes what the program does not need', () => {
  const said = unit('docs/operate/portico.service');
  for (const [key, value] of [
    ['DynamicUser', 'yes'],
    ['UMask', '0077'],
    ['LimitCORE', '0'],
    ['NoNewPrivileges', 'yes'],
    ['ProtectSystem', 'strict'],
    ['MemoryDenyWriteExecute', 'yes'],
    ['CapabilityBoundingSet', ''],
    ['StateDirectoryMode', '0700'],
  ]) {
    assert.deepEqual(said.get(key), [value], key);
  }
  assert.ok(said.get('SystemCallFilter').length > 0);
  // What is given by a file, systemd hands over; it is nowhere else.
  const given = said.get('Environment').filter((line) => line.includes('_FILE='));
  assert.equal(given.length, said.get('LoadCredential').length);
  for (const line of given) assert.match(line, /=%d\//);
});
