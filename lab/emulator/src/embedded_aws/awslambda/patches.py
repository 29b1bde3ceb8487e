"""Makes Lambda run functions in sandboxes, and hold the limits that AWS holds."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ministack.core import lambda_runtime
from ministack.services import lambda_svc, s3
from ministack.services.cloudformation import provisioners, stacks

from embedded_aws.awslambda import api, metrics, resources, routing, versions
from embedded_aws.awslambda.archive import UNZIPPED_LIMIT
from embedded_aws.awslambda.code import Layouts
from embedded_aws.awslambda.concurrency import Concurrency, apply_reservation
from embedded_aws.awslambda.executor import Executor
from embedded_aws.awslambda.pool import Pool
from embedded_aws.awslambda.provisioned_aliases import ProvisionedAliases, waiting
from embedded_aws.cloudformation.wrapping import after, around, before, before_delete
from embedded_aws.patching import rely_on, replace

if TYPE_CHECKING:
    from embedded_aws.settings import Settings

ALIAS = "AWS::Lambda::Alias"
_EXECUTORS = ("_execute_function_warm", "_execute_function_provided", "_execute_function_provided_warm")


def install(settings: Settings) -> Pool:
    """Replaces the API's calls and completes the resources.

    Returns:
        The pool, to be closed at the end.
    """
    rely_on(lambda_runtime, "_NODEJS_WORKER_SCRIPT", "execution_credentials")
    rely_on(lambda_svc, "_resolve_layer_zip", "_functions", "_reject_unreadable_zip", "_layer_unzipped_size")
    rely_on(provisioners, "_lambda_function_for_cfn_ref")
    # Node.js functions keep MiniStack's bootstrap; without this line it outlives an embedded AWS that was killed.
    node_bootstrap = f'{lambda_runtime._NODEJS_WORKER_SCRIPT}\nrl.on("close", () => process.exit(0));\n'
    pool = Pool(settings, Layouts(settings), node_bootstrap)
    executor = Executor(pool, lambda_svc._resolve_layer_zip)
    _install_api(pool, executor)
    _install_concurrency(Concurrency(settings.lambda_concurrency), executor)
    _install_resources(pool)
    return pool


def _install_api(pool: Pool, executor: Executor) -> None:
    def retire(name: str, qualifier: str | None = None, account: str | None = None, region: str | None = None) -> None:
        pool.retire(name, qualifier, account, region)

    for name in _EXECUTORS:
        replace(lambda_svc, name, lambda _: executor.execute)
    replace(lambda_svc, "invalidate_worker", lambda _: retire)
    replace(lambda_svc, "_ensure_reaper_thread", lambda _: api.nothing_to_reap)
    replace(lambda_svc, "_probe_peak_memory_mb", lambda _: api.peak_of(executor))
    replace(lambda_svc, "_snapstart_provision_version_async", lambda _: api.activate_snapstart)
    replace(lambda_svc, "_normalize_layer_attachments", api.with_layer_limit)
    replace(lambda_svc, "_UNZIPPED_LIMIT_BYTES", lambda _: UNZIPPED_LIMIT)
    replace(lambda_svc, "_invoke", api.with_request_limit)
    replace(lambda_svc, "handle_function_url_request", api.with_url_request_limit)
    replace(lambda_svc, "_publish_version", versions.of_changes_only)
    _install_routing()


def _install_routing() -> None:
    rely_on(lambda_svc, "_function_config_scope_mismatch", "_func_arn")
    replace(lambda_svc, "_execute_function", routing.with_routing)
    replace(lambda_svc, "_invoke", routing.with_executed_version)
    replace(lambda_svc, "_get_func_record_for_ref", routing.as_alias)
    replace(lambda_svc, "_get_func_record_for_qualifier", routing.as_alias_of)
    replace(lambda_svc, "_emit_lambda_metrics", lambda _: metrics.nothing)
    replace(lambda_svc, "_update_alias", routing.of_one_role)


def _install_concurrency(concurrency: Concurrency, executor: Executor) -> None:
    rely_on(lambda_svc, "_effective_func_record_for_qualifier", "_delete_function_concurrency")
    replace(lambda_svc, "_ACCOUNT_CONCURRENCY_CAP", lambda _: concurrency.limit)
    replace(lambda_svc, "_acquire_execution_slot", lambda _: concurrency.acquire)
    replace(lambda_svc, "_release_execution_slot", lambda _: concurrency.release)
    replace(lambda_svc, "_put_function_concurrency", concurrency.with_reservation)
    replace(
        lambda_svc,
        "_put_provisioned_concurrency",
        lambda original: concurrency.with_provision(original, executor.provision),
    )
    aliases = ProvisionedAliases(executor.provision)
    replace(lambda_svc, "_put_provisioned_concurrency", aliases.refusing_weights)
    replace(lambda_svc, "_update_alias", aliases.moving)
    replace(provisioners, "_lambda_alias_provisioned_concurrency", waiting)
    # An alias has moved already when its environments do not start, so it is moved back.
    replace(stacks, "_sends_back_failed_update", lambda original: lambda kind: kind == ALIAS or original(kind))
    after("AWS::Lambda::Function", apply_reservation)


def _install_resources(pool: Pool) -> None:
    before("AWS::Lambda::Function", resources.check_function)
    before("AWS::Lambda::Version", resources.check_version)
    around("AWS::Lambda::LayerVersion", "create", resources.pinned_layer)
    around("AWS::Lambda::LayerVersion", "create", resources.named_layer)
    replace(s3, "_get_object_data", resources.pinned_object)
    before_delete("AWS::Lambda::Function", partial(resources.forget_function, pool))
    before_delete("AWS::Lambda::Version", partial(resources.forget_version, pool))
