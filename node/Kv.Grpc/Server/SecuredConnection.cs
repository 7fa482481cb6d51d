using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Kv.Grpc;

/// <summary>A connection whose handshake is done: to Kestrel it is one like any other, only that it bears the features
/// by which Kestrel tells https, and that its end is said in TLS too, so that the client can tell it from one that was
/// cut.</summary>
internal sealed class SecuredConnection : ConnectionContext, ITlsConnectionFeature, ITlsApplicationProtocolFeature
{
    // What fits into one record of TLS: less makes more records, each sent on its own.
    private const int BufferBytes = 16 * 1024;

    private static readonly TimeSpan FarewellMax = TimeSpan.FromSeconds(5);

    private readonly ConnectionContext _plain;
    private readonly SslStream _tls;

    public SecuredConnection(ConnectionContext plain, SslStream tls)
    {
        _plain = plain;
        _tls = tls;
        ClientCertificate = tls.RemoteCertificate as X509Certificate2;
        ApplicationProtocol = tls.NegotiatedApplicationProtocol.Protocol;
        Transport = new DuplexPipe(
            PipeReader.Create(
                tls, new StreamPipeReaderOptions(bufferSize: BufferBytes, leaveOpen: true, useZeroByteReads: true)),
            PipeWriter.Create(tls, new StreamPipeWriterOptions(minimumBufferSize: BufferBytes, leaveOpen: true)));
        Features.Set<ITlsConnectionFeature>(this);
        Features.Set<ITlsApplicationProtocolFeature>(this);
    }

    public X509Certificate2? ClientCertificate { get; set; }

    /// <summary>What was agreed on in the handshake; empty if the client did not ask, until it is known by
    /// <see cref="Speaks"/>.</summary>
    public ReadOnlyMemory<byte> ApplicationProtocol { get; private set; }

    public bool? IsHttp2 => ApplicationProtocol.IsEmpty
        ? null
        : ApplicationProtocol.Span.SequenceEqual(SslApplicationProtocol.Http2.Protocol.Span);

    public override IDuplexPipe Transport { get; set; }

    public override string ConnectionId
    {
        get => _plain.ConnectionId;
        set => _plain.ConnectionId = value;
    }

    public override IFeatureCollection Features => _plain.Features;

    public override IDictionary<object, object?> Items
    {
        get => _plain.Items;
        set => _plain.Items = value;
    }

    public override CancellationToken ConnectionClosed
    {
        get => _plain.ConnectionClosed;
        set => _plain.ConnectionClosed = value;
    }

    public override EndPoint? LocalEndPoint
    {
        get => _plain.LocalEndPoint;
        set => _plain.LocalEndPoint = value;
    }

    public override EndPoint? RemoteEndPoint
    {
        get => _plain.RemoteEndPoint;
        set => _plain.RemoteEndPoint = value;
    }

    public void Speaks(SslApplicationProtocol protocol) => ApplicationProtocol = protocol.Protocol;

    public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) =>
        Task.FromResult(ClientCertificate);

    public override void Abort() => _plain.Abort();

    public override void Abort(ConnectionAbortedException abortReason) => _plain.Abort(abortReason);

    public override async ValueTask DisposeAsync()
    {
        Task farewell = SayFarewellAsync();
        try
        {
            await farewell.WaitAsync(FarewellMax);
        }
        catch (TimeoutException)
        {
            _plain.Abort(); // it does not read what was sent to it, so it will not read this either
            await farewell;
        }

        await _tls.DisposeAsync();
        await _plain.DisposeAsync();
        await base.DisposeAsync();
    }

    private async Task SayFarewellAsync()
    {
        try
        {
            await Transport.Input.CompleteAsync();
            await Transport.Output.CompleteAsync();
            if (!ConnectionClosed.IsCancellationRequested)
                await _tls.ShutdownAsync();
        }
        catch (Exception fault) when (fault is IOException or OperationCanceledException
            or InvalidOperationException or AuthenticationException)
        {
            // It has gone already.
        }
    }
}
