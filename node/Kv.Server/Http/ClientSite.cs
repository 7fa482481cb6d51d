using System.Security.Cryptography.X509Certificates;
using Kv.Grpc;
using Kv.Grpc.Tls;
using Kv.Server.Configuration;
using Kv.Server.Gateway;
using Microsoft.AspNetCore.Http.Features;

namespace Kv.Server.Http;

/// <summary>What client URLs answer to those who do not speak gRPC: the pages of <see cref="PlainSite"/> and, unless it
/// is switched off, the JSON form of the API.</summary>
/// <param name="isAuthOn">Whether users must say who they are.</param>
internal sealed class ClientSite(
    PlainSite site, JsonGateway? gateway, NodeConfiguration configuration, Func<bool> isAuthOn)
{
    private readonly HttpAccess _access = new(configuration.Http);
    private readonly PlainHttpMethod _pages = PlainHttpBridge.ToMethod(
        (request, cancelled) => site.AnswerClientAsync(request, configuration.Http, cancelled));

    public async ValueTask AnswerAsync(PlainHttpCall call)
    {
        if (gateway is null || !GatewayRoutes.Owns(call.Path))
        {
            await _pages(call);
            return;
        }

        PlainRequest request = PlainHttpBridge.ToRequest(call);
        if ((_access.Refuse(request) ?? RefuseName(call)) is { } refused)
        {
            await PlainHttpBridge.GiveAsync(call, refused);
            return;
        }

        foreach ((string name, string value) in _access.OriginHeaders(request))
            call.ResponseHeaders[name] = value;
        if (call.Method == "OPTIONS")
            await PlainHttpBridge.GiveAsync(call, HttpAccess.Preflight);
        else
            await gateway.AnswerAsync(call);
    }

    // By gRPC the name in its certificate would say who calls. Here it does not, and who believes it does shall know.
    private PlainAnswer? RefuseName(PlainHttpCall call)
    {
        if (!configuration.Tls.Client.DemandsCertificates || !isAuthOn())
            return null;
        X509Certificate2? certificate = call.Features.Get<ITlsConnectionFeature>()?.ClientCertificate;
        return certificate is null || CertificateNames.CommonName(certificate).Length == 0
            ? null
            : PlainAnswer.Refuse(400, "The common name of a certificate does not say who calls here: send a token.");
    }
}
