using Google.Protobuf;

namespace Kv.Interop.Tests.Wire;

/// <summary>Calls of the API with one answer, by hand: see <see cref="RawGrpc"/> for why.</summary>
public sealed class ApiClient(Uri node) : IDisposable
{
    private readonly RawGrpc _grpc = new(node);

    /// <summary>Sent along once it is set.</summary>
    public string? Token { get; set; }

    public Uri Node => node;

    /// <summary>Calls "Service/Method" of etcdserverpb; a refusal is an <see cref="ApiException"/>.</summary>
    public async Task<T> CallAsync<T>(string method, IMessage request)
        where T : IMessage<T>, new()
    {
        Dictionary<string, string>? metadata = Token is null ? null : new() { ["token"] = Token };
        RawAnswer answer = await _grpc.CallAsync("/etcdserverpb." + method, [request.ToByteArray()], metadata);
        if (!answer.Succeeded)
            throw new ApiException(answer.Code, answer.Detail);

        var response = new T();
        response.MergeFrom(answer.Messages[0]);
        return response;
    }

    public void Dispose() => _grpc.Dispose();
}
