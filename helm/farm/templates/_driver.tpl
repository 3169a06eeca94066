{{/* The driver beside Ray's head, and the migration that goes before it.

The driver is a sidecar that restarts by itself: with Ray's autoscaler v2 KubeRay forbids the pod's other containers to
restart, and replaces the pod only when Ray's own container ends. It has no readiness probe: a driver that waits for the
database must not take Ray's head away from the workers. It begins anew when its settings have changed.
*/}}

{{- define "farm.migrate" -}}
- name: migrate
  image: {{ include "farm.image" (dict "root" . "kind" "cpu") }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  command: [farm, migrate, --wait, "600"]
  env:
    {{- include "farm.env" . | nindent 4 }}
    {{- include "farm.databaseEnv" . | nindent 4 }}
  envFrom: {{ include "farm.envFrom" . }}
  resources: {{- include "farm.resources" (dict "cpus" "0.5" "memory" "512Mi") | nindent 4 }}
  securityContext: {{- include "farm.security" . | nindent 4 }}
  volumeMounts:
    - {name: tmp, mountPath: /tmp}
    - {name: settings, mountPath: /etc/farm, readOnly: true}
{{- end -}}

{{- define "farm.driver" -}}
- name: driver
  image: {{ include "farm.image" (dict "root" . "kind" "cpu") }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  restartPolicy: Always
  command:
    - /bin/bash
    - -c
    - |
      rm -f /tmp/drives
      cp /etc/farm/config.yaml /tmp/begun-with.yaml
      until ray health-check --address 127.0.0.1:6379 >/dev/null 2>&1; do sleep 2; done
      touch /tmp/drives
      exec farm drive
  env:
    {{- include "farm.env" . | nindent 4 }}
    {{- include "farm.databaseEnv" . | nindent 4 }}
    {{- include "farm.rayTokenEnv" . | nindent 4 }}
    - {name: FARM_RAY, value: "127.0.0.1:6379"}
    - {name: FARM_METRICS, value: "0.0.0.0:9464"}
  envFrom: {{ include "farm.envFrom" . }}
  ports:
    - {name: farm-metrics, containerPort: 9464}
  livenessProbe:
    exec:
      command:
        - /bin/bash
        - -c
        - |
          cmp --silent /etc/farm/config.yaml /tmp/begun-with.yaml || exit 1
          [ ! -e /tmp/drives ] || python -c 'from urllib.request import urlopen
          urlopen("http://127.0.0.1:9464/healthz", timeout=5)'
    initialDelaySeconds: 30
    periodSeconds: 30
    timeoutSeconds: 10
  resources: {{- include "farm.resources" .Values.driver | nindent 4 }}
  securityContext: {{- include "farm.security" . | nindent 4 }}
  volumeMounts:
    - {name: settings, mountPath: /etc/farm, readOnly: true}
    {{- include "farm.rayMounts" . | nindent 4 }}
{{- end -}}
