namespace Grpc.Core.Interceptors;

public static class ServerServiceDefinitionExtensions
{
    /// <summary>The same service behind an interceptor.</summary>
    public static ServerServiceDefinition Intercept(
        this ServerServiceDefinition serverServiceDefinition,
        Interceptor interceptor)
    {
        ArgumentNullException.ThrowIfNull(serverServiceDefinition);
        ArgumentNullException.ThrowIfNull(interceptor);
        ServerServiceDefinition.Builder builder = ServerServiceDefinition.CreateBuilder();
        serverServiceDefinition.BindService(new InterceptingServiceBinder(builder, interceptor));
        return builder.Build();
    }

    /// <summary>The first of the interceptors sees a call first.</summary>
    public static ServerServiceDefinition Intercept(
        this ServerServiceDefinition serverServiceDefinition,
        params Interceptor[] interceptors)
    {
        ArgumentNullException.ThrowIfNull(interceptors);
        for (int index = interceptors.Length - 1; index >= 0; index--)
            serverServiceDefinition = serverServiceDefinition.Intercept(interceptors[index]);
        return serverServiceDefinition;
    }
}
