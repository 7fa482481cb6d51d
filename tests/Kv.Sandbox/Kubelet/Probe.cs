using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.Kubelet;

/// <summary>Asks a container once how it is.</summary>
[SuppressMessage("Security", "CA5359", Justification = "Kubelets do not check certificates when they probe.")]
internal sealed class Probe(
    JsonObject source, JsonObject container, string address, Func<IReadOnlyList<string>, CancellationToken,
        Task<int>> run)
{
    // Probes look at whether somebody answers, not at who it is.
    private static readonly HttpClient Http = new(new SocketsHttpHandler
    {
        SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true },
        AllowAutoRedirect = false,
        UseProxy = false,
    });

    private TimeSpan Limit => TimeSpan.FromSeconds(source.Number("timeoutSeconds") ?? 1);

    /// <summary>What is wrong; null if nothing is.</summary>
    public async Task<string?> AskAsync(CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(Limit);
        try
        {
            if (source.Map("httpGet") is { } http)
                return await GetAsync(http, limit.Token);
            if (source.Map("tcpSocket") is { } tcp)
                return await ConnectAsync(tcp, limit.Token);
            if (source.Map("grpc") is { } grpc)
                return await CheckAsync(grpc, limit.Token);
            if (source.Map("exec") is not { } exec)
                return null;
            int code = await run([.. exec.Texts("command")], limit.Token);
            return code == 0 ? null : $"command ended with {code}";
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return $"no answer within {Limit.TotalSeconds}s";
        }
        catch (Exception fault) when (
            fault is HttpRequestException or SocketException or RpcException or IOException or Win32Exception)
        {
            return fault.Message;
        }
    }

    private async Task<string?> GetAsync(JsonObject http, CancellationToken cancelled)
    {
        string scheme = (http.Text("scheme") ?? "HTTP").ToLowerInvariant();
        string host = http.Text("host") ?? address;
        using var request = new HttpRequestMessage(
            HttpMethod.Get, $"{scheme}://{host}:{PortOf(http)}{http.Text("path") ?? "/"}");
        foreach (JsonObject header in http.Items("httpHeaders"))
            request.Headers.TryAddWithoutValidation(header.Text("name") ?? "", header.Text("value"));
        using HttpResponseMessage answer = await Http.SendAsync(request, cancelled);
        int code = (int)answer.StatusCode;
        return code is >= 200 and < 400 ? null : $"HTTP probe failed with statuscode: {code}";
    }

    private async Task<string?> ConnectAsync(JsonObject tcp, CancellationToken cancelled)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(tcp.Text("host") ?? address, PortOf(tcp), cancelled);
        return null;
    }

    private async Task<string?> CheckAsync(JsonObject grpc, CancellationToken cancelled)
    {
        using var channel = GrpcChannel.ForAddress($"http://{address}:{PortOf(grpc)}");
        HealthCheckResponse answer = await new Health.HealthClient(channel).CheckAsync(
            new HealthCheckRequest { Service = grpc.Text("service") ?? "" }, cancellationToken: cancelled);
        return answer.Status == HealthCheckResponse.Types.ServingStatus.Serving ? null
            : $"the service is {answer.Status}";
    }

    private int PortOf(JsonObject action)
    {
        if (action.Number("port") is { } number)
            return (int)number;
        string name = action.Text("port") ?? "";
        long? named = container.Items("ports").FirstOrDefault(each => each.Text("name") == name).Number(
            "containerPort");
        return (int)(named ?? (long.TryParse(name, CultureInfo.InvariantCulture, out long parsed) ? parsed : 0));
    }
}
