# A prompt, a picture: Enter draws, Escape cancels, Ctrl+S saves. The model is the folder "demo" beside the project or the
# game: copy models/demo there.
extends VBoxContainer

@onready var diffusion: Diffusion = $Diffusion
@onready var progress: ProgressBar = $Progress
@onready var status: Label = $Status


func _ready() -> void:
	diffusion.opened.connect(_on_opened)
	diffusion.progress.connect(_on_progress)
	diffusion.preview.connect(_on_picture)
	diffusion.finished.connect(_on_finished)
	diffusion.failed.connect(_on_failed)
	diffusion.cancelled.connect(func() -> void: status.text = "cancelled")
	$Prompt.text_submitted.connect(_on_prompt)
	status.text = "opening the model"
	# What the first opening prepares is kept, and later ones take a fraction of the time.
	diffusion.open(_model_folder(), {"cache_dir": "user://libdiffusion"})


# In an exported game "res://" lies inside of an archive, which the library cannot read: the folder is beside the program.
func _model_folder() -> String:
	if OS.has_feature("editor"):
		return "res://demo"
	return OS.get_executable_path().get_base_dir().path_join("demo")


func _on_opened() -> void:
	_on_prompt($Prompt.text)


func _on_prompt(prompt: String) -> void:
	diffusion.generate(prompt, {"seed": 2, "preview": "full"})


func _on_progress(phase: String, step: int, steps: int) -> void:
	progress.max_value = maxi(steps, 1)
	progress.value = step
	status.text = "%s %d of %d" % [phase, step, steps]


func _on_picture(_image: Image) -> void:
	$Picture.texture = diffusion.get_texture()


func _on_finished(image: Image, _settings_json: String) -> void:
	_on_picture(image)
	status.text = "drawn"


func _on_failed(message: String) -> void:
	status.text = message


func _unhandled_key_input(event: InputEvent) -> void:
	if event.is_action_pressed("ui_cancel"):
		diffusion.cancel()
	elif event is InputEventKey and event.pressed and event.ctrl_pressed and event.keycode == KEY_S:
		if diffusion.save("user://picture.png"):
			status.text = "saved " + ProjectSettings.globalize_path("user://picture.png")
