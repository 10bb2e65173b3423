/* Images: pixels and files, in and out. */
#include "bridge.h"

static jlong image_create(JNIEnv *env, jclass class, jbyteArray pixels, jlong width, jlong height, jlong stride, jint format)
{
    struct text bytes = text_in(env, pixels);
    diffusion_image *image = NULL;
    (void)class;
    if (!(*env)->ExceptionCheck(env))
        ok(env, diffusion_image_create(bytes.bytes, bytes.length, width, height, stride, format, &image));
    release(env, bytes);
    return POINTER(image);
}

static jlong image_open(JNIEnv *env, jclass class, jbyteArray file)
{
    struct text text = text_in(env, file);
    diffusion_image *image = NULL;
    (void)class;
    if (!(*env)->ExceptionCheck(env))
        ok(env, diffusion_image_open(TEXT(text), &image));
    release(env, text);
    return POINTER(image);
}

static jlong image_decode(JNIEnv *env, jclass class, jbyteArray file)
{
    struct text bytes = text_in(env, file);
    diffusion_image *image = NULL;
    (void)class;
    if (!(*env)->ExceptionCheck(env))
        ok(env, diffusion_image_decode(bytes.bytes, bytes.length, &image));
    release(env, bytes);
    return POINTER(image);
}

/* The larger picture and its mask. */
static jlongArray image_extend(JNIEnv *env, jclass class, jlong image, jlong left, jlong right, jlong top, jlong bottom)
{
    diffusion_image *picture = NULL, *mask = NULL;
    jlongArray array = (*env)->NewLongArray(env, 2);
    (void)class;
    if (array == NULL
        || !ok(env, diffusion_image_extend(HANDLE(diffusion_image, image), left, right, top, bottom, &picture, &mask)))
        return NULL;
    (*env)->SetLongArrayRegion(env, array, 0, 2, (const jlong[]){ POINTER(picture), POINTER(mask) });
    return array;
}

static void image_destroy(JNIEnv *env, jclass class, jlong image)
{
    (void)env, (void)class;
    diffusion_image_destroy(HANDLE(diffusion_image, image));
}

/* Width, height, format. */
static jintArray image_shape(JNIEnv *env, jclass class, jlong handle)
{
    const diffusion_image *image = HANDLE(diffusion_image, handle);
    const jint values[] = { (jint)diffusion_image_width(image), (jint)diffusion_image_height(image),
                            diffusion_image_format(image) };
    jintArray array = (*env)->NewIntArray(env, LENGTH(values));
    (void)class;
    if (array != NULL)
        (*env)->SetIntArrayRegion(env, array, 0, LENGTH(values), values);
    return array;
}

static jbyteArray image_settings(JNIEnv *env, jclass class, jlong image)
{
    (void)class;
    return text_out(env, diffusion_image_settings_json(HANDLE(diffusion_image, image)));
}

/* Into a direct buffer, from `offset` on. */
static void image_copy(JNIEnv *env, jclass class, jlong handle, jobject buffer, jlong offset, jlong size, jlong stride,
                       jint format)
{
    const diffusion_image *image = HANDLE(diffusion_image, handle);
    uint8_t *memory = (*env)->GetDirectBufferAddress(env, buffer);
    (void)class;
    ok(env, diffusion_image_copy(image, memory == NULL ? NULL : memory + offset, (size_t)size, diffusion_image_width(image),
                                 diffusion_image_height(image), stride, format));
}

static void image_save(JNIEnv *env, jclass class, jlong image, jbyteArray file)
{
    struct text text = text_in(env, file);
    (void)class;
    if (!(*env)->ExceptionCheck(env))
        ok(env, diffusion_image_save(HANDLE(diffusion_image, image), TEXT(text)));
    release(env, text);
}

static jbyteArray image_encode(JNIEnv *env, jclass class, jlong image, jbyteArray format)
{
    struct text text = text_in(env, format);
    diffusion_buffer *buffer = NULL;
    jbyteArray array = NULL;
    (void)class;
    if (!(*env)->ExceptionCheck(env) && ok(env, diffusion_image_encode(HANDLE(diffusion_image, image), TEXT(text), &buffer)))
        array = bytes_out(env, diffusion_buffer_data(buffer), diffusion_buffer_size(buffer));
    diffusion_buffer_destroy(buffer);
    release(env, text);
    return array;
}

static const JNINativeMethod FUNCTIONS[] = {
    METHOD("imageCreate", "([BJJJI)J", image_create),
    METHOD("imageOpen", "([B)J", image_open),
    METHOD("imageDecode", "([B)J", image_decode),
    METHOD("imageExtend", "(JJJJJ)[J", image_extend),
    METHOD("imageDestroy", "(J)V", image_destroy),
    METHOD("imageShape", "(J)[I", image_shape),
    METHOD("imageSettings", "(J)[B", image_settings),
    METHOD("imageCopy", "(JLjava/nio/ByteBuffer;JJJI)V", image_copy),
    METHOD("imageSave", "(J[B)V", image_save),
    METHOD("imageEncode", "(J[B)[B", image_encode),
};
const struct methods IMAGE_METHODS = { FUNCTIONS, LENGTH(FUNCTIONS) };
