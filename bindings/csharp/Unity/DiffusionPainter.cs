using System;
using System.IO;
using UnityEngine;
using UnityEngine.Events;
using UnityEngine.UI;

namespace LibDiffusion.Unity
{
    /// <summary>
    /// Draws a prompt into a texture while the game goes on: put it on an object, give it a model's folder and a RawImage or
    /// a Renderer, and call Draw(), from a button for example. Opening and drawing are jobs of the library, at which Update()
    /// looks once a frame; nothing here waits for them. Copy it and make it yours.
    /// </summary>
    public sealed class DiffusionPainter : MonoBehaviour
    {
        [Serializable] public sealed class TextureEvent : UnityEvent<Texture2D> { }
        [Serializable] public sealed class TextEvent : UnityEvent<string> { }
        [Serializable] public sealed class NumberEvent : UnityEvent<float> { }

        [Header("The model")]
        [Tooltip("A folder of ONNX graphs: a full path, or one below StreamingAssets.")]
        [SerializeField] private string modelFolder = "demo";
        [Tooltip("ONNX Runtime's library or its folder, in the same way. Empty: beside the plugin, then the system's.")]
        [SerializeField] private string onnxRuntime = "";
        [SerializeField] private string provider = "auto";

        [Header("The picture")]
        [TextArea] [SerializeField] private string prompt = "a red house on the left in a meadow at noon, with trees and the sun";
        [TextArea] [SerializeField] private string negativePrompt = "";
        [Tooltip("-1 is another picture every time.")]
        [SerializeField] private long seed = -1;
        [Tooltip("0 is the model's own.")]
        [Range(0, 100)] [SerializeField] private int steps;
        [Tooltip("Shows the picture as it comes into being, after every so many steps; 0 does not.")]
        [Range(0, 20)] [SerializeField] private int previewInterval = 1;
        [SerializeField] private bool drawAtStart = true;

        [Header("Where it is shown")]
        [SerializeField] private RawImage rawImage;
        [SerializeField] private Renderer target;

        [Header("What is told")]
        public TextureEvent onFinished = new TextureEvent();
        public NumberEvent onProgress = new NumberEvent();
        public TextEvent onFailed = new TextEvent();

        private Job<Pipeline> opening;
        private Pipeline pipeline;
        private Job<Result> drawing;
        private Request next;
        private Texture2D texture;
        private Texture2D preview; // of another size: "linear" previews have a pixel for a latent
        private ulong previewsSeen;

        /// <summary>Whether a picture is being drawn, or will be as soon as the model is open.</summary>
        public bool IsBusy => drawing != null || next != null;

        /// <summary>The texture that pictures are drawn into, previews apart; null before the first picture.</summary>
        public Texture2D Texture => texture;

        /// <summary>Draws what the fields say. What is being drawn is cancelled.</summary>
        public void Draw() => Draw(prompt);

        /// <summary>Draws another prompt, for an InputField's event.</summary>
        public void Draw(string text)
        {
            Request request = null;
            try
            {
                request = new Request(text) { NegativePrompt = negativePrompt };
                if (seed >= 0)
                    request.Seed = (ulong)seed;
                if (steps > 0)
                    request.Steps = steps;
                if (previewInterval > 0)
                    request.SetPreviews("linear", previewInterval);
                Draw(request);
            }
            catch (DiffusionException error)
            {
                request?.Dispose();
                Fail(error);
            }
        }

        /// <summary>Draws a request of one's own, which it takes over. What is being drawn is cancelled.</summary>
        public void Draw(Request request)
        {
            drawing?.Cancel();
            next?.Dispose();
            next = request;
        }

        /// <summary>Stops what is being drawn.</summary>
        public void Cancel()
        {
            next?.Dispose();
            next = null;
            drawing?.Cancel();
        }

        private void OnEnable()
        {
            try
            {
                using (var options = new PipelineOptions { Provider = provider })
                {
                    // The first opening prepares the model and keeps that; later ones take a fraction of the time.
                    options.CacheDir = Path.Combine(Application.persistentDataPath, "libdiffusion");
                    if (onnxRuntime != "")
                        options.OrtLibrary = Place(onnxRuntime);
                    opening = Pipeline.StartOpen(Place(modelFolder), options);
                }
                if (drawAtStart)
                    Draw();
            }
            catch (Exception error) when (error is DiffusionException || error is DllNotFoundException)
            {
                Fail(error);
            }
        }

        // On Android StreamingAssets lie inside the APK, which is no folder: copy the model to persistentDataPath first and
        // give the full path.
        private static string Place(string path) => Path.Combine(Application.streamingAssetsPath, path);

        private void Update()
        {
            try
            {
                FollowOpening();
                FollowDrawing();
                if (pipeline != null && drawing == null && next != null)
                    Begin();
            }
            catch (DiffusionException error)
            {
                Fail(error);
            }
        }

        private void FollowOpening()
        {
            if (opening == null || !opening.IsDone)
                return;
            using (var done = opening)
            {
                opening = null;
                pipeline = done.Take(); // or throws why there is none
            }
        }

        private void Begin()
        {
            using (var request = next)
            {
                next = null;
                previewsSeen = 0;
                drawing = pipeline.Start(request); // copies it
            }
        }

        private void FollowDrawing()
        {
            if (drawing == null)
                return;
            if (!drawing.IsDone)
            {
                var progress = drawing.Progress;
                if (progress.Phase == Phase.Denoising)
                    onProgress.Invoke(progress.Fraction);
                ShowPreview();
                return;
            }
            using (var done = drawing)
            {
                drawing = null;
                try
                {
                    using (var result = done.Take())
                    using (var image = result.Image)
                    {
                        Show(image, ref texture);
                        foreach (var warning in result.Warnings)
                            Debug.LogWarning($"libdiffusion: {warning}", this);
                    }
                    onProgress.Invoke(1);
                    onFinished.Invoke(texture);
                }
                catch (OperationCanceledException)
                {
                    // As was asked for.
                }
            }
        }

        private void ShowPreview()
        {
            var number = drawing.PreviewNumber;
            if (number == previewsSeen)
                return;
            previewsSeen = number;
            using (var image = drawing.Preview())
                Show(image, ref preview);
        }

        private void Show(Image image, ref Texture2D shown)
        {
            image.ShowIn(ref shown);
            if (rawImage != null)
                rawImage.texture = shown;
            if (target != null)
                target.material.mainTexture = shown;
        }

        private void Fail(Exception error)
        {
            Debug.LogError($"libdiffusion: {error.Message}", this);
            onFailed.Invoke(error.Message);
        }

        // In the editor this is also what comes before the scripts are loaded anew: nothing of the library may run on then.
        private void OnDisable()
        {
            next?.Dispose();
            next = null;
            opening?.Dispose();
            opening = null;
            pipeline?.Dispose();
            pipeline = null;
            drawing?.Dispose(); // cancels, and waits for that, some milliseconds
            drawing = null;
        }

        private void OnDestroy()
        {
            if (texture != null)
                Destroy(texture);
            if (preview != null)
                Destroy(preview);
        }
    }
}
