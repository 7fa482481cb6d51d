namespace Grpc.Core;

/// <summary>How a channel's connections are secured, and what each of its calls adds to prove its maker.</summary>
public abstract class ChannelCredentials
{
    public static ChannelCredentials Insecure { get; } = new InsecureCredentials();

    public static ChannelCredentials SecureSsl { get; } = new SslCredentials();

    internal virtual bool IsComposable => false;

    public static ChannelCredentials Create(ChannelCredentials channelCredentials, CallCredentials callCredentials) =>
        new CompositeCredentials(channelCredentials, callCredentials);

    public abstract void InternalPopulateConfiguration(ChannelCredentialsConfiguratorBase configurator, object? state);

    private sealed class InsecureCredentials : ChannelCredentials
    {
        public override void InternalPopulateConfiguration(
            ChannelCredentialsConfiguratorBase configurator,
            object? state) => configurator.SetInsecureCredentials(state);
    }

    private sealed class CompositeCredentials : ChannelCredentials
    {
        private readonly ChannelCredentials _channel;
        private readonly CallCredentials _call;

        public CompositeCredentials(ChannelCredentials channel, CallCredentials call)
        {
            if (!channel.IsComposable)
            {
                throw new ArgumentException(
                    $"Call credentials can't be composed with {channel.GetType().Name}. CallCredentials must be used "
                    + "with secure channel credentials like SslCredentials.");
            }

            _channel = channel;
            _call = call;
        }

        public override void InternalPopulateConfiguration(
            ChannelCredentialsConfiguratorBase configurator,
            object? state) => configurator.SetCompositeCredentials(state, _channel, _call);
    }
}

/// <summary>Is told what a <see cref="ChannelCredentials"/> consists of; for who implements a channel.</summary>
public abstract class ChannelCredentialsConfiguratorBase
{
    public abstract void SetInsecureCredentials(object? state);

    public abstract void SetSslCredentials(
        object? state,
        string? rootCertificates,
        KeyCertificatePair? keyCertificatePair,
        VerifyPeerCallback? verifyPeerCallback);

    public abstract void SetCompositeCredentials(
        object? state,
        ChannelCredentials channelCredentials,
        CallCredentials callCredentials);
}
