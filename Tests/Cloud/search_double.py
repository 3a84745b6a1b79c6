"""The administration of an OpenSearch domain, as far as apply.py uses it, and strict about it.

No real server stands behind this: paths, conflicts and answers follow the documentation.
"""

import base64
import email
import json
from types import SimpleNamespace

from line_doubles import Answer, LineServer

SECURITY = "/_plugins/_security/api"
MONITORS = "/_plugins/_alerting/monitors"
CHANNELS = "/_plugins/_notifications/configs"
IMPORT = "/_dashboards/api/saved_objects/_import?overwrite=true"
SETTINGS = "/_dashboards/api/opensearch-dashboards/settings"


def reply(status, content):
    return Answer(status, json.dumps(content).encode())


class SearchDouble(LineServer):
    """Keeps what it is given. `refuse`: {path: Answer} for requests that are to fail."""

    def __init__(self, name="operator", password="s3cret"):
        self.login = base64.b64encode(f"{name}:{password}".encode()).decode()
        self.templates, self.policies, self.roles, self.mappings = {}, {}, {}, {}
        self.monitors, self.channels, self.saved, self.settings = {}, {}, {}, {}
        self.refuse = {}
        super().__init__()

    def state(self):
        """All that lies there."""
        return json.loads(json.dumps([
            self.templates, {name: each["policy"] for name, each in self.policies.items()},
            self.roles, self.mappings, self.monitors, self.channels, self.saved, self.settings]))

    def answer(self, request):
        if request.headers.get("authorization") != f"Basic {self.login}":
            return Answer(401, b"Unauthorized", "text/plain")
        if request.path in self.refuse:
            return self.refuse[request.path]
        path, _, query = request.path.partition("?")
        if path.startswith("/_dashboards/"):
            return self._dashboards(request)
        content = None
        if request.body:
            assert request.headers["content-type"] == "application/json"
            content = json.loads(request.body)
        call = SimpleNamespace(method=request.method, path=path, query=query, content=content,
                               name=path.rsplit("/", 1)[1])
        if path.startswith("/_index_template/"):
            return self._put_template(call)
        if path.startswith("/_plugins/_ism/policies/"):
            return self._policy(call)
        if path.startswith(f"{SECURITY}/roles/"):
            return self._keep(call, self.roles, {
                "description", "cluster_permissions", "index_permissions", "tenant_permissions"})
        if path.startswith(f"{SECURITY}/rolesmapping/"):
            return self._keep(call, self.mappings, {"backend_roles", "hosts", "users"})
        if path.startswith(MONITORS):
            return self._monitor(call)
        if path.startswith(CHANNELS):
            return self._channel(call)
        return reply(400, {"error": f"no handler found for uri [{path}]"})

    def _put_template(self, call):
        assert call.method == "PUT"
        assert set(call.content) <= {"index_patterns", "priority", "template", "_meta"}
        for name, there in self.templates.items():
            if name != call.name and there["priority"] == call.content["priority"] and \
                    set(there["index_patterns"]) & set(call.content["index_patterns"]):
                return reply(400, {"error": "index template has the same priority as another"})
        self.templates[call.name] = call.content
        return reply(200, {"acknowledged": True})

    def _policy(self, call):
        there = self.policies.get(call.name)
        if call.method == "GET":
            if there is None:
                return reply(404, {"error": "Policy not found"})
            return reply(200, {"_id": call.name, **there})
        number = there["_seq_no"] if there else -1
        wanted = f"if_seq_no={number}&if_primary_term=1" if there else ""
        if call.query != wanted:
            return reply(409, {"error": "version conflict, document already exists"})
        self.policies[call.name] = {"_seq_no": number + 1, "_primary_term": 1, **call.content}
        return reply(200 if there else 201, {"_id": call.name})

    @staticmethod
    def _keep(call, place, fields):
        assert call.method == "PUT"
        unknown = set(call.content) - fields
        if unknown:
            return reply(400, {"status": "error", "invalid_keys": {"keys": ",".join(unknown)}})
        place[call.name] = call.content
        return reply(200, {"status": "OK"})

    def _monitor(self, call):
        if call.path == f"{MONITORS}/_search":
            if not self.monitors:
                return reply(404, {"error": {"type": "index_not_found_exception"}})
            wanted = call.content["query"]["term"]["monitor.name.keyword"]
            hits = [{"_id": name, "_source": each} for name, each in self.monitors.items()
                    if each["name"] == wanted]
            return reply(200, {"hits": {"hits": hits}})
        if call.method == "POST" and call.path == MONITORS:
            name = f"made-{len(self.monitors)}"
        elif call.method == "PUT" and call.name in self.monitors:
            name = call.name
        else:
            return reply(405, {"error": "not allowed"})
        for trigger in call.content["triggers"]:
            for action in trigger["bucket_level_trigger"]["actions"]:
                if action["destination_id"] not in self.channels:
                    return reply(400, {"error": "no such destination"})
        self.monitors[name] = call.content
        return reply(201, {"_id": name})

    def _channel(self, call):
        if call.method == "GET":
            if call.name in self.channels:
                return reply(200, {"config_list": [self.channels[call.name]]})
            return reply(404, {"error": "Notification Config not found"})
        name = call.content["config_id"] if call.method == "POST" else call.name
        if (name in self.channels) != (call.method == "PUT"):
            return reply(409, {"error": "conflict"})
        assert set(call.content["config"]) == {
            "name", "description", "config_type", "is_enabled", "sns"}
        self.channels[name] = call.content["config"]
        return reply(200, {"config_id": name})

    def _dashboards(self, request):
        if request.headers.get("osd-xsrf") != "true":
            return reply(400, {"message": "Request must contain a osd-xsrf header."})
        assert request.headers.get("securitytenant") == "global"
        if request.path == SETTINGS:
            self.settings |= json.loads(request.body)["changes"]
            return reply(200, {"settings": {}})
        assert request.path == IMPORT and request.method == "POST"
        head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
        part, = email.message_from_bytes(head + request.body).get_payload()
        assert part.get_param("name", header="content-disposition") == "file"
        assert part.get_filename().endswith(".ndjson")
        objects = [json.loads(line) for line in part.get_payload(decode=True).splitlines()]
        known = {(each["type"], each["id"]) for each in objects}
        for each in objects:
            for reference in each["references"]:
                if (reference["type"], reference["id"]) not in known:
                    return reply(200, {"success": False, "errors": [
                        {"id": each["id"], "error": {"type": "missing_references"}}]})
        self.saved |= {f"{each['type']}:{each['id']}": each for each in objects}
        return reply(200, {"success": True, "successCount": len(objects)})
