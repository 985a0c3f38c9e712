"""The two gRPC services that the Pulumi SDK calls, for one deployment."""
# ruff: noqa: N802 - the protocol names its methods

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import grpc  # type: ignore[import-untyped]
from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import engine_pb2, provider_pb2, resource_pb2

from formats import property_values
from formats.errors import InputError
from formats.urns import ROOT_TYPE, label
from operations.engine import permitted_requests
from operations.engine.clock import now
from operations.engine.embedded import goal, options, state_steps, steps
from operations.engine.embedded.deployment import Deployment, RegistrationResult
from operations.engine.embedded.goal import Goal
from operations.engine.embedded.model import Properties, Resource
from operations.engine.embedded.providers import ProviderError
from operations.engine.embedded.report import Severity
from operations.engine.program_services import CallError, typed

FEATURES = {
    "secrets": resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    "resourceReferences": resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
    "aliasSpecs": resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    "deletedWith": resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    # Not supported, but refused here: the SDK's own message would only ask for a newer Pulumi CLI.
    "errorHooks": resource_pb2.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS,
    "invokeTransforms": resource_pb2.RESOURCE_MONITOR_FEATURE_INVOKE_TRANSFORMS,
    "parameterization": resource_pb2.RESOURCE_MONITOR_FEATURE_PARAMETERIZATION,
    "replaceWith": resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
    "resourceHooks": resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
    "stateMigrations": resource_pb2.RESOURCE_MONITOR_FEATURE_STATE_MIGRATIONS,
    "transforms": resource_pb2.RESOURCE_MONITOR_FEATURE_TRANSFORMS,
}
"""The features that the SDK may use, by their older names."""
_SEVERITIES: Mapping[int, Severity] = {0: "debug", 1: "info", 2: "warning", 3: "error"}


class DeploymentServices:
    """`operations.engine.program_services.Services` for one deployment."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._handlers = {"ResourceMonitor": Monitor(deployment), "Engine": EngineService(deployment)}

    def call(self, _path: str, method: Any, request: bytes) -> bytes:
        """Answer a request."""
        return typed(method, getattr(self._handlers[method.containing_service.name], method.name), request)

    def message(self, text: str) -> None:
        """Report a line that the program printed."""
        self._deployment.reporter.message("info", text)


class Monitor:
    """`pulumirpc.ResourceMonitor`: the requests of a running program."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    def GetDeploymentInfo(self, _request: Any) -> Any:
        return resource_pb2.DeploymentInfo(
            project=self._deployment.project,
            stack=self._deployment.stack,
            organization="organization",
            dryRun=self._deployment.dry_run,
            parallel=1,
            supportedFeatures=list(FEATURES.values()),
        )

    def SupportsFeature(self, request: Any) -> Any:
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id in FEATURES)

    def RegisterResource(self, request: Any) -> Any:
        urn = self._deployment.urn_of(request.parent, request.type, request.name)
        answer = self._guarded(lambda: self._register(request, urn))
        return resource_pb2.RegisterResourceResponse(
            urn=answer.urn,
            id=answer.id,
            object=property_values.to_struct(answer.outputs),
            result=_result(answer),
            unknown=answer.unknown,
        )

    def _register(self, request: Any, urn: str) -> RegistrationResult:
        wanted = goal.of_registration(request, urn)
        self._deployment.reporter.secret_filter.refuse_leak(label(urn), wanted.resource.inputs)
        return steps.register(self._deployment, wanted)

    def ReadResource(self, request: Any) -> Any:
        urn = self._deployment.urn_of(request.parent, request.type, request.name)
        answer = self._guarded(lambda: steps.read(self._deployment, goal.of_read(request, urn)))
        properties = property_values.to_struct(answer.outputs)
        return resource_pb2.ReadResourceResponse(
            urn=answer.urn, id=answer.id, properties=properties, result=_result(answer)
        )

    def RegisterResourceOutputs(self, request: Any) -> Any:
        self._guarded(lambda: self._set_outputs(request))
        return empty_pb2.Empty()

    def _set_outputs(self, request: Any) -> RegistrationResult:
        deployment = self._deployment
        with deployment.lock:
            resource = deployment.registered.get(request.urn)
            if resource is not None and deployment.error is None and request.urn not in deployment.skipped:
                outputs = property_values.from_struct(request.outputs)
                deployment.reporter.secret_filter.refuse_leak(label(request.urn), outputs)
                deployment.reporter.secret_filter.add(outputs)
                if resource.type == ROOT_TYPE:
                    deployment.outputs = outputs
                elif not property_values.equal(outputs, resource.outputs):
                    resource.outputs, resource.modified = outputs, now()
                    deployment.record_registered(resource)
        return RegistrationResult(request.urn)

    def Invoke(self, request: Any) -> Any:
        options.refuse_request(request, request.tok)
        if refusal := permitted_requests.refusal_of_function(request.tok):
            self._fail(refusal)
        with self._deployment.lock:
            if self._deployment.error is not None:
                # The program cannot continue without a result, and there is none.
                raise CallError("the deployment has failed", grpc.StatusCode.UNAVAILABLE)
            try:
                response = self._invoked(request, property_values.from_struct(request.args))
            except (ProviderError, InputError) as error:
                failure = provider_pb2.CheckFailure(reason=self._deployment.reporter.secret_filter.redact(str(error)))
                return resource_pb2.ResourceInvokeResponse(failures=[failure])
        answer = resource_pb2.ResourceInvokeResponse(failures=response.failures)
        getattr(answer, "return").CopyFrom(getattr(response, "return"))
        return answer

    def _invoked(self, request: Any, arguments: Properties) -> Any:
        called = Resource(urn="", type=request.tok, custom=True)
        wanted = Goal(called, request.provider, request.version, request.pluginDownloadURL)
        provider = state_steps.provider_of(self._deployment, wanted)
        return provider.invoke(request.tok, arguments, preview=self._deployment.dry_run)

    def SignalAndWaitForShutdown(self, _request: Any) -> Any:
        return empty_pb2.Empty()

    def _guarded(self, work: Callable[[], RegistrationResult]) -> RegistrationResult:
        """Record an error as the deployment's: raised here, it would print thousands of lines of the SDK."""
        try:
            return work()
        except Exception as error:
            self._fail(error)
            return RegistrationResult("", failed=True)

    def _fail(self, error: Exception) -> None:
        with self._deployment.lock:
            self._deployment.error = self._deployment.error or error

    def __getattr__(self, name: str) -> Any:
        """Return a method of the service that is not supported: calling it ends the deployment."""
        if name not in resource_pb2.DESCRIPTOR.services_by_name["ResourceMonitor"].methods_by_name:
            raise AttributeError(name)

        def refuse(_request: Any) -> Any:
            refusal = options.refuse_method(name)
            self._fail(refusal)
            raise CallError(refusal.problem)

        return refuse


class EngineService:
    """`pulumirpc.Engine`: the messages of a program."""

    def __init__(self, deployment: Deployment) -> None:
        self._reporter = deployment.reporter

    def Log(self, request: Any) -> Any:
        severity = _SEVERITIES.get(request.severity, "info")
        if severity != "debug":  # the SDK's own messages, several lines for every resource
            self._reporter.message(severity, request.message, request.urn)
        return empty_pb2.Empty()

    def RequirePulumiVersion(self, _request: Any) -> Any:
        raise CallError("the embedded engine has no Pulumi version to compare", grpc.StatusCode.FAILED_PRECONDITION)

    def GetRootResource(self, _request: Any) -> Any:
        return engine_pb2.GetRootResourceResponse()

    def SetRootResource(self, _request: Any) -> Any:
        return engine_pb2.SetRootResourceResponse()

    def StartDebugging(self, _request: Any) -> Any:
        raise CallError("the embedded engine starts no debugger")


def _result(answer: RegistrationResult) -> Any:
    return resource_pb2.Result.FAIL if answer.failed else resource_pb2.Result.SUCCESS
