{{/* Volumes of Ray's pods. The root is read-only: what is written lies on one of these.

/tmp/ray and /dev/shm are named as KubeRay names them, which then adds none of its own: the driver needs both to join
the Ray of its pod, and KubeRay mounts them only into its own containers.
*/}}

{{- define "farm.rayVolumes" -}}
- {name: tmp, emptyDir: {}}
- {name: ray-logs, emptyDir: {}}
- {name: shared-mem, emptyDir: {medium: Memory, sizeLimit: {{ .sharedMemory }}}}
- {name: scratch, emptyDir: {sizeLimit: {{ .scratch }}}}
{{ include "farm.dataVolumes" (dict "root" .root "loads" .loads) }}
{{- end -}}

{{- define "farm.rayMounts" -}}
- {name: tmp, mountPath: /tmp}
- {name: ray-logs, mountPath: /tmp/ray}
- {name: shared-mem, mountPath: /dev/shm}
- {name: scratch, mountPath: /scratch}
{{ include "farm.dataMounts" . }}
{{- end -}}

{{/* Of `root`; `loads` for pods that load models. Where these are brought, others need nothing of a node's own folder. */}}
{{- define "farm.dataVolumes" -}}
{{- $brought := or .root.Values.modelCache.source (include "farm.modelClaim" .root) -}}
- name: models
{{- if and (eq .root.Values.modelCache.kind "node") (or .loads (not $brought)) }}
  hostPath: {path: {{ .root.Values.modelCache.path }}, type: Directory}
{{- else if eq .root.Values.modelCache.kind "shared" }}
  persistentVolumeClaim: {claimName: {{ .root.Values.modelCache.existingClaim | default (printf "%s-models" .root.Release.Name) }}}
{{- else }}
  emptyDir: {sizeLimit: {{ .root.Values.modelCache.size }}}
{{- end }}
{{- if include "farm.modelClaim" .root }}
- {name: model-source, persistentVolumeClaim: {claimName: {{ .root.Values.modelCache.existingClaim }}}}
{{- end }}
{{- if include "farm.onVolume" .root }}
- name: output
  persistentVolumeClaim: {claimName: {{ .root.Values.storage.volume.existingClaim | default (printf "%s-output" .root.Release.Name) }}}
{{- end }}
{{- with .root.Values.signing.existingSecret }}
- {name: signing, secret: {secretName: {{ . }}, defaultMode: 0440}}
{{- end }}
{{- end -}}

{{/* Whether models are brought from a claim. */}}
{{- define "farm.modelClaim" -}}
{{- if and .Values.modelCache.existingClaim (ne .Values.modelCache.kind "shared") }}yes{{ end -}}
{{- end -}}

{{- define "farm.dataMounts" -}}
- {name: models, mountPath: /models}
{{- if include "farm.modelClaim" . }}
- {name: model-source, mountPath: /model-source}
{{- end }}
{{- if include "farm.onVolume" . }}
- {name: output, mountPath: {{ trimPrefix "file://" .Values.storage.url }}}
{{- end }}
{{- if .Values.signing.existingSecret }}
- {name: signing, mountPath: /etc/farm-signing, readOnly: true}
{{- end }}
{{- end -}}
