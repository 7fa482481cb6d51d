using System.Net;
using Grpc.Core;

namespace Kv.Grpc.Client;

/// <summary>What failures of HTTP mean for a call.</summary>
internal static class HttpFault
{
    private const long RefusedStream = 0x7;
    private const long Cancel = 0x8;
    private const long EnhanceYourCalm = 0xb;
    private const long InadequateSecurity = 0xc;

    /// <summary>Whether the server cannot have begun to act on the call.</summary>
    public static bool IsBeforeSending(HttpRequestException fault) =>
        fault.HttpRequestError is HttpRequestError.ConnectionError
            or HttpRequestError.NameResolutionError
            or HttpRequestError.SecureConnectionError
            or HttpRequestError.ProxyTunnelError
        || fault.InnerException is HttpProtocolException { ErrorCode: RefusedStream };

    /// <summary>The status of a call whose connection failed, or whose stream the server reset.</summary>
    public static Status ToStatus(Exception fault)
    {
        StatusCode code = FindReset(fault)?.ErrorCode switch
        {
            null => StatusCode.Unavailable,
            RefusedStream => StatusCode.Unavailable,
            Cancel => StatusCode.Cancelled,
            EnhanceYourCalm => StatusCode.ResourceExhausted,
            InadequateSecurity => StatusCode.PermissionDenied,
            _ => StatusCode.Internal,
        };
        return new Status(code, Describe(fault), fault);
    }

    /// <summary>The status that stands for an answer that is not gRPC's, of the table in the specification.</summary>
    public static Status ToStatus(HttpStatusCode http)
    {
        StatusCode code = http switch
        {
            HttpStatusCode.BadRequest => StatusCode.Internal,
            HttpStatusCode.Unauthorized => StatusCode.Unauthenticated,
            HttpStatusCode.Forbidden => StatusCode.PermissionDenied,
            HttpStatusCode.NotFound => StatusCode.Unimplemented,
            HttpStatusCode.TooManyRequests
                or HttpStatusCode.BadGateway
                or HttpStatusCode.ServiceUnavailable
                or HttpStatusCode.GatewayTimeout => StatusCode.Unavailable,
            _ => StatusCode.Unknown,
        };
        return new Status(code, $"unexpected HTTP status code received from server: {(int)http} ({http})");
    }

    private static HttpProtocolException? FindReset(Exception? fault)
    {
        for (; fault is not null; fault = fault.InnerException)
        {
            if (fault is HttpProtocolException reset)
                return reset;
        }

        return null;
    }

    private static string Describe(Exception fault) =>
        fault.InnerException is { } inner && inner.Message != fault.Message
            ? $"{fault.Message} {inner.Message}"
            : fault.Message;
}
