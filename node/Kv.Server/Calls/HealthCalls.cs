using Grpc.Core;
using Grpc.Health.V1;

namespace Kv.Server.Calls;

/// <summary>The standard health service. As in etcd there is one service to ask about, the nameless one, and it
/// serves for as long as the process does.</summary>
internal sealed class HealthCalls : Health.HealthBase
{
    public override Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context) =>
        request.Service.Length == 0
            ? Task.FromResult(Serving())
            : throw new RpcException(new Status(StatusCode.NotFound, "unknown service"));

    public override Task<HealthListResponse> List(HealthListRequest request, ServerCallContext context)
    {
        var response = new HealthListResponse();
        response.Statuses.Add("", Serving());
        return Task.FromResult(response);
    }

    public override async Task Watch(
        HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responseStream, ServerCallContext context)
    {
        HealthCheckResponse status = request.Service.Length == 0
            ? Serving()
            : new HealthCheckResponse { Status = HealthCheckResponse.Types.ServingStatus.ServiceUnknown };
        await responseStream.WriteAsync(status, context.CancellationToken);
        await UntilCancelledAsync(context.CancellationToken);
    }

    private static HealthCheckResponse Serving() =>
        new() { Status = HealthCheckResponse.Types.ServingStatus.Serving };

    private static async Task UntilCancelledAsync(CancellationToken cancelled)
    {
        var ended = new TaskCompletionSource();
        using (cancelled.Register(ended.SetResult))
            await ended.Task;
    }
}
